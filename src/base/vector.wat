;; What JavaScript does slowly in shared memory, where its engine may not move more than a word at a time:
;; copying, and the Internet checksum. `deno task vector` makes src/base/vector_code.ts of this text.
(module
  (import "pipeline" "memory" (memory 1 32768 shared))

  ;; Copies `length` bytes from `from` to `to`; the ranges may overlap.
  (func (export "copy") (param $to i32) (param $from i32) (param $length i32)
    (memory.copy (local.get $to) (local.get $from) (local.get $length)))

  ;; Adds `length` bytes from `at` to the running sum `sum` of the Internet checksum (RFC 1071), as checksumAdd
  ;; of src/wire/checksum.ts does. Bytes are taken as little-endian words of 16 bits, and the sum is swapped at
  ;; the end (section 2, B). Four lanes of 32 bits hold 256 KiB without an overflow.
  (func (export "sum") (param $at i32) (param $length i32) (param $sum i32) (result i32)
    (local $end i32) (local $total i32) (local $word i32)
    (local $even v128) (local $odd v128)
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -32))))
    (block $done
      (loop $more
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $even (i32x4.add (local.get $even)
          (i32x4.extadd_pairwise_i16x8_u (v128.load (local.get $at)))))
        (local.set $odd (i32x4.add (local.get $odd)
          (i32x4.extadd_pairwise_i16x8_u (v128.load offset=16 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (br $more)))
    ;; Each lane is folded to 17 bits, then the eight of them are added.
    (local.set $even (i32x4.add
      (i32x4.add (v128.and (local.get $even) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff))
                 (i32x4.shr_u (local.get $even) (i32.const 16)))
      (i32x4.add (v128.and (local.get $odd) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff))
                 (i32x4.shr_u (local.get $odd) (i32.const 16)))))
    (local.set $total (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $even)) (i32x4.extract_lane 1 (local.get $even)))
      (i32.add (i32x4.extract_lane 2 (local.get $even)) (i32x4.extract_lane 3 (local.get $even)))))
    ;; Up to 31 bytes are left: words of 32 bits, then one of 16, then a byte.
    (local.set $length (i32.and (local.get $length) (i32.const 31)))
    (block $done
      (loop $more
        (br_if $done (i32.lt_u (local.get $length) (i32.const 4)))
        (local.set $word (i32.load align=1 (local.get $at)))
        (local.set $total (i32.add (local.get $total) (i32.add
          (i32.and (local.get $word) (i32.const 0xffff))
          (i32.shr_u (local.get $word) (i32.const 16)))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $length (i32.sub (local.get $length) (i32.const 4)))
        (br $more)))
    (if (i32.ge_u (local.get $length) (i32.const 2))
      (then
        (local.set $total (i32.add (local.get $total) (i32.load16_u align=1 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (local.set $length (i32.sub (local.get $length) (i32.const 2)))))
    (if (local.get $length)
      (then (local.set $total (i32.add (local.get $total) (i32.load8_u (local.get $at))))))
    (local.set $total (call $fold (local.get $total)))
    (call $fold (i32.add (local.get $sum) (i32.or
      (i32.shl (i32.and (local.get $total) (i32.const 0xff)) (i32.const 8))
      (i32.shr_u (local.get $total) (i32.const 8))))))

  ;; Adds the carries above bit 15 back in.
  (func $fold (param $sum i32) (result i32)
    (local.set $sum (i32.add (i32.and (local.get $sum) (i32.const 0xffff))
                             (i32.shr_u (local.get $sum) (i32.const 16))))
    (i32.add (i32.and (local.get $sum) (i32.const 0xffff))
             (i32.shr_u (local.get $sum) (i32.const 16)))))
