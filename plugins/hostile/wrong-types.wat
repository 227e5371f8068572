;; Its `decide` has another signature than the contract.
(component
  (core module $core
    (memory (export "memory") 1)
    ;; Where the host may write the next argument; nothing is ever freed.
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (func (export "decide") (param $text i32) (param $length i32) (result i32)
      (i32.const 0)))
  (core instance $main (instantiate $core))

  (func $decide (param "text" string) (result string)
    (canon lift (core func $main "decide") (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))
  (instance $hook (export "decide" (func $decide)))
  (export "gatherly:plugin/content-before-publish@0.1.0" (instance $hook)))
