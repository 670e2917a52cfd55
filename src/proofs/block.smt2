; A block of entries is accepted exactly if all of them are pages of the compound page, whatever
; the addresses are. By induction over the entries of a block, and over blocks.
;
; `cargo xtask prove` runs this; src/tests/proofs.rs holds the functions against those of
; src/release.rs. Each claim is negated, so that unsat proves it; sat is a counterexample.
(define-sort Address () (_ BitVec 64))

; ---- The transcription.
(define-fun union-with ((union Address) (address Address) (base Address)) Address
  (bvor union (bvsub address base)))
(define-fun is-within ((union Address) (span Address)) Bool
  (bvult union span))
(define-fun span-of ((order Address)) Address
  (bvshl #x0000000000000040 order))

; ---- What is right: an entry is one of the compound page's pages if it is so many whole pages
; after the head page, and there are more than so many.
(define-fun is-page-of ((entry Address) (base Address) (order Address)) Bool
  (and (bvule base entry)
       (= ((_ extract 5 0) (bvsub entry base)) #b000000)
       (bvult (bvlshr (bvsub entry base) #x0000000000000006) (bvshl #x0000000000000001 order))))

(declare-const union Address)
(declare-const entry Address)
(declare-const base Address)
(declare-const span Address)
(declare-const order Address)
(define-fun is-order () Bool (bvule order #x000000000000000a))
(define-fun is-power-of-two () Bool
  (and (not (= span #x0000000000000000))
       (= (bvand span (bvsub span #x0000000000000001)) #x0000000000000000)))
; A map ends before addresses do.
(define-fun does-not-wrap () Bool (bvule base (bvsub #xffffffffffffffff (span-of order))))
(define-fun entry-is-aligned () Bool (= ((_ extract 5 0) entry) #b000000))
(define-fun base-is-aligned () Bool (= ((_ extract 5 0) base) #b000000))

(echo "unsat: a block of no entries is accepted")
(push)
(assert is-power-of-two)
(assert (not (is-within #x0000000000000000 span)))
(check-sat)
(pop)

(define-fun accepts-one-more () Bool
  (= (is-within (union-with union entry base) span)
     (and (is-within union span) (is-within (bvsub entry base) span))))
(echo "unsat: with one more entry it is accepted if it was without, and the entry is, alone")
(push)
(assert is-power-of-two)
(assert (not accepts-one-more))
(check-sat)
(pop)
(echo "sat: not so if the span is no power of two")
(push)
(assert (not accepts-one-more))
(check-sat)
(pop)

(echo "unsat: the span of an order is a power of two")
(push)
(assert is-order)
(assert (= span (span-of order)))
(assert (not is-power-of-two))
(check-sat)
(pop)

(define-fun is-right () Bool
  (= (is-within (bvsub entry base) (span-of order)) (is-page-of entry base order)))
(echo "unsat: an entry is accepted, alone, exactly if it is a page of the compound page")
(push)
(assert is-order)
(assert does-not-wrap)
(assert entry-is-aligned)
(assert base-is-aligned)
(assert (not is-right))
(check-sat)
(pop)
(echo "sat: not so if the map goes round the end of all addresses")
(push)
(assert is-order)
(assert entry-is-aligned)
(assert base-is-aligned)
(assert (not is-right))
(check-sat)
(pop)
(echo "sat: not so if an entry lies within a page")
(push)
(assert is-order)
(assert does-not-wrap)
(assert base-is-aligned)
(assert (not is-right))
(check-sat)
(pop)
(echo "sat: not so if the head lies within a page")
(push)
(assert is-order)
(assert does-not-wrap)
(assert entry-is-aligned)
(assert (not is-right))
(check-sat)
(pop)
