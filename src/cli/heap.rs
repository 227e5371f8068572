//! How the process gives memory back to the system.

/// Blocks of this many bytes and more are mapped for themselves, and returned to
/// the system when they are freed. Components and compiled code have megabytes;
/// what a request needs has less.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_BYTES: libc::c_int = 1 << 20;
/// Most bytes that stay free at the end of a heap.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_BYTES: libc::c_int = 4 << 20;

/// Fixes the sizes from which blocks are mapped. Left to itself the allocator of
/// glibc raises them to 32 MiB as soon as a block of that size is freed; from then
/// on components are cut from the heaps of its threads, each of which keeps up to
/// 64 MiB for good.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn settle() {
    #[expect(unsafe_code, reason = "the allocator's settings have no safe interface")]
    // SAFETY: `mallopt` reads two numbers, and no other thread runs yet.
    let is_set = unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES) == 1
            && libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES) == 1
    };
    if !is_set {
        eprintln!("gatherly: the allocator refused its settings; the server may keep more memory");
    }
}

/// Other allocators are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn settle() {}
