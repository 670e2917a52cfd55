; Dropping the references of a run in one step does what dropping them entry by entry does, for
; every refcount and every length. By induction over the length.
(define-sort Count () (_ BitVec 32))

; ---- The transcription, for a run of `run` entries, 1 or more, on a page with `refs` references.
; How many are dropped: the index, from the run's start, of the entry that stops the call, if
; there are less than entries.
(define-fun dropped ((refs Count) (run Count)) Count
  (ite (bvsgt refs run) run (ite (bvsgt refs #x00000000) refs #x00000000)))
; The subtraction, and what is given back.
(define-fun left ((refs Count) (run Count)) Count
  (bvadd (bvsub refs run) (bvsub run (dropped refs run))))
(define-fun frees ((refs Count) (run Count)) Bool
  (and (bvsle refs run) (bvsgt refs #x00000000)))

; ---- What is right: one more entry. It stops the call if the page has no reference, and nothing
; is done after that; else it drops one, and frees the page with the last.
(define-fun stops ((left Count)) Bool (bvsle left #x00000000))
(define-fun next-left ((left Count)) Count (ite (stops left) left (bvsub left #x00000001)))
(define-fun next-dropped ((left Count) (dropped Count)) Count
  (ite (stops left) dropped (bvadd dropped #x00000001)))
(define-fun next-frees ((left Count) (frees Bool)) Bool
  (ite (stops left) frees (= left #x00000001)))

(declare-const refs Count)
(declare-const run Count)
(define-fun is-length () Bool (and (bvsge run #x00000001) (bvslt run #x7fffffff)))
(define-fun longer () Count (bvadd run #x00000001))

(define-fun rest ((refs Count) (run Count)) Count (bvsub refs (dropped refs run)))
(echo "unsat: what was subtracted and given back is what was dropped")
(push)
(assert (not (= (left refs run) (rest refs run))))
(check-sat)
(pop)

(echo "unsat: a run of one is one entry")
(push)
(assert (not (and (= (rest refs #x00000001) (next-left refs))
                  (= (dropped refs #x00000001) (next-dropped refs #x00000000))
                  (= (frees refs #x00000001) (next-frees refs false)))))
(check-sat)
(pop)
(define-fun one-more () Bool
  (and (= (rest refs longer) (next-left (rest refs run)))
       (= (dropped refs longer) (next-dropped (rest refs run) (dropped refs run)))
       (= (frees refs longer) (next-frees (rest refs run) (frees refs run)))))
(echo "unsat: a run that is longer by one is the run and one entry more")
(push)
(assert is-length)
(assert (not one-more))
(check-sat)
(pop)
(echo "sat: not so beyond the longest that is narrowed")
(push)
(assert (bvsge run #x00000001))
(assert (not one-more))
(check-sat)
(pop)
(echo "unsat: the entry that stops the call is one of the run, and there is one if not all are dropped")
(push)
(assert is-length)
(assert (not (and (bvsge (dropped refs run) #x00000000) (bvsle (dropped refs run) run)
                  (= (bvslt (dropped refs run) run) (bvslt refs run)))))
(check-sat)
(pop)
