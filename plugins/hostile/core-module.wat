;; A core module, as compilers make it, and not a component.
(module
  (memory (export "memory") 1)
  (func (export "gatherly:plugin/content-before-publish@0.1.0#decide") (param i32) (result i32)
    (i32.const 0)))
