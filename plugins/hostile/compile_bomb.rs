//! A component that attacks the compiler: well-behaved like `allow.wat`, but
//! with one more function, never called, of `if` and `else` nested thousands
//! deep. It is valid and its size is harmless, but the time that compiling
//! takes grows faster than with the square of the depth.
//!
//! Made by a program because nobody wants to keep 100 kB of brackets. Include
//! it where it is needed: `#[path = "…/plugins/hostile/compile_bomb.rs"] mod compile_bomb;`

/// A binary of 110 kB, on which the compiler would work for half a minute.
pub const DEPTH: usize = 4_700;

/// The text of a component with a function nested `depth` deep; `wat` makes it
/// binary.
pub fn compile_bomb(depth: usize) -> String {
    // The two loads wait on the stack until their `if` is over: in the middle,
    // thousands of values live across thousands of blocks.
    let open = "local.get 0 i32.load local.get 0 i32.load offset=4 local.get 0 if (result i32)\n";
    let close = "else local.get 0 i32.load end i32.add i32.xor\n";
    let (open, close) = (open.repeat(depth), close.repeat(depth));
    let bomb = format!("(func (param i32) (result i32)\n{open}local.get 0\n{close})\n");
    // Behind what is imported, which must come first.
    let memory = "(memory (export \"memory\") 1)\n";
    include_str!("allow.wat").replacen(memory, &format!("{memory}{bomb}"), 1)
}
