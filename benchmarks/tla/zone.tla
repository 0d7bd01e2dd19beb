-------------------------------- MODULE zone --------------------------------
\* Linux 6.12.107's page allocator and page isolation, one caller of
\* start_isolate_page_range(), written by hand for TLC: the peer of what gen renders.
\* A pfn counts units of 2^M pages; one action is one hold of zone->lock.
EXTENDS Integers
CONSTANTS PAGEBLOCKS, P, X, M        \* P: pageblock_order, X: MAX_PAGE_ORDER

Orders == M..X
Nr == [o \in Orders |-> 2^(o - M)]
Pageblocks == 0..(PAGEBLOCKS - 1)
Pfns == 0..(PAGEBLOCKS * Nr[P] - 1)
Pb(p) == p \div Nr[P]
BlocksOf(p, o) == Pb(p)..Pb(p + Nr[o] - 1)
Mergeable == {"UNMOVABLE", "MOVABLE", "RECLAIMABLE"}
Fallbacks == [UNMOVABLE |-> <<"RECLAIMABLE", "MOVABLE">>, MOVABLE |-> <<"RECLAIMABLE", "UNMOVABLE">>]
Nothing == [use |-> "nothing", order |-> 0, list |-> "none"]
Min(S) == CHOOSE x \in S : \A y \in S : x <= y
Max(S) == CHOOSE x \in S : \A y \in S : x >= y

VARIABLES
  type,        \* [Pageblocks -> migratetype]
  page,        \* [Pfns -> what starts there]: buddy, pinned, movable, or nothing
  caller       \* where the caller is, its range, the pageblock at hand, where its undo ends
vars == <<type, page, caller>>

Z == [type |-> type, page |-> page]
Commit(z) == type' = z.type /\ page' = z.page

IsBuddy(z, p, o) == z.page[p].use = "buddy" /\ z.page[p].order = o
On(z, o, mt) == {p \in Pfns : z.page[p] = [use |-> "buddy", order |-> o, list |-> mt]}
\* (Not EXCEPT !.page[p]: where page is a function that is not evaluated yet, TLC 2.15 fails.)
Set(z, p, what) == [z EXCEPT !.page = [q \in Pfns |-> IF q = p THEN what ELSE z.page[q]]]
Put(z, p, o, mt) == Set(z, p, [use |-> "buddy", order |-> o, list |-> mt])
Take(z, p) == Set(z, p, Nothing)
Retype(z, blocks, mt) == [z EXCEPT !.type = [b \in Pageblocks |-> IF b \in blocks THEN mt ELSE z.type[b]]]

\* __free_one_page()
RECURSIVE FreeOne(_, _, _, _)
FreeOne(z, p, o, mt) ==
  LET b == IF (p \div Nr[o]) % 2 = 0 THEN p + Nr[o] ELSE p - Nr[o]
      differs == o >= P /\ z.type[Pb(b)] # mt
      goes_on == /\ o < X
                 /\ IsBuddy(z, b, o)
                 /\ differs => {mt, z.type[Pb(b)]} \subseteq Mergeable
      taken == IF differs THEN Retype(Take(z, b), BlocksOf(b, o), mt) ELSE Take(z, b)
  IN  IF goes_on THEN FreeOne(taken, Min({p, b}), o + 1, mt) ELSE Put(z, p, o, mt)

\* split_large_buddy()
RECURSIVE Pieces(_, _, _, _)
Pieces(z, p, end, o) == IF p = end THEN z ELSE Pieces(FreeOne(z, p, o, z.type[Pb(p)]), p + Nr[o], end, o)
SplitLarge(z, p, o) == Pieces(z, p, p + Nr[o], Min({o, P}))

RECURSIVE Expand(_, _, _, _, _)
Expand(z, p, low, high, mt) ==
  IF high = low THEN z ELSE Expand(Put(z, p + Nr[high - 1], high - 1, mt), p, low, high - 1, mt)
Cut(z, p, low, mt) == Expand(Take(z, p), p, low, z.page[p].order, mt)

\* move_freepages_block()
Move(z, b, mt) ==
  LET moved(k) == IF k.use = "buddy" THEN [use |-> "buddy", order |-> k.order, list |-> mt] ELSE k
  IN  [z EXCEPT !.page = [p \in Pfns |-> IF Pb(p) = b THEN moved(z.page[p]) ELSE z.page[p]]]

\* ---- allocation: [p |-> the page, z |-> the zone after it left the lists] ----
Smallest(z, low, mt) ==
  LET orders == {o \in low..X : On(z, o, mt) # {}}
  IN  IF orders = {} THEN {} ELSE {[p |-> p, z |-> Cut(z, p, low, mt)] : p \in On(z, Min(orders), mt)}
Fallback(z, o, mt) ==
  LET types == {i \in 1..2 : On(z, o, Fallbacks[mt][i]) # {}}
  IN  IF types = {} THEN "none" ELSE Fallbacks[mt][Min(types)]
CanSteal(o, mt) == o >= P \div 2 \/ mt # "MOVABLE"

Claim(z, p, low, mt) ==
  LET o == z.page[p].order
  IN  IF o >= P THEN {[p |-> p, z |-> Cut(Retype(z, BlocksOf(p, o), mt), p, low, mt)]}
      ELSE Smallest(Retype(Move(z, Pb(p), mt), {Pb(p)}, mt), low, mt)

\* The largest order first; below P what is at the head may be a page that cannot be
\* claimed, and then the next order is tried; in the end the smallest is stolen.
RECURSIVE ClaimOrSteal(_, _, _, _, _)
ClaimOrSteal(z, all, orders, low, mt) ==
  LET o == Max(orders)
      s == Min(all)
      claims == UNION {Claim(z, p, low, mt) : p \in On(z, o, Fallback(z, o, mt))}
  IN  IF all = {} THEN {}
      ELSE IF orders = {} \/ ~CanSteal(o, mt)
      THEN {[p |-> p, z |-> Cut(z, p, low, Fallback(z, s, mt))] : p \in On(z, s, Fallback(z, s, mt))}
      ELSE IF o >= P THEN claims
      ELSE claims \union ClaimOrSteal(z, all, orders \ {o}, low, mt)

Rmqueue(z, low, mt) ==
  LET orders == {o \in low..X : Fallback(z, o, mt) # "none"}
  IN  IF \E o \in low..X : On(z, o, mt) # {} THEN Smallest(z, low, mt)
      ELSE ClaimOrSteal(z, orders, orders, low, mt)

Alloc ==
  /\ \E low \in Orders, mt \in {"UNMOVABLE", "MOVABLE"} :
       \E got \in Rmqueue(Z, low, mt) :
         \E use \in IF low > P THEN {"pinned"} ELSE {"pinned", "movable"} :
           Commit(Set(got.z, got.p, [use |-> use, order |-> low, list |-> "none"]))
  /\ UNCHANGED caller

PutPage ==
  /\ \E p \in Pfns : page[p].use = "pinned" /\ page' = [page EXCEPT ![p].use = "movable"]
  /\ UNCHANGED <<type, caller>>

Free ==
  /\ \E p \in Pfns :
       /\ page[p].use \in {"pinned", "movable"}
       /\ Commit(SplitLarge(Take(Z, p), p, page[p].order))
  /\ UNCHANGED caller

\* ---- isolation ----
MayIsolate(b) == type[b] # "ISOLATE" /\ \A p \in Pfns : Pb(p) = b => page[p].use # "pinned"

\* move_freepages_block_isolate()
Isolate(z, b, mt) ==
  LET start == b * Nr[P]
      heads == {o \in P..X : z.page[start - (start % Nr[o])].use = "buddy"}
      head == start - (start % Nr[Min(heads)])
      order == z.page[head].order
      large == heads # {} /\ order > P /\ head + Nr[order] > start
  IN  IF large THEN SplitLarge(Retype(Take(z, head), {b}, mt), head, order)
      ELSE Retype(Move(z, b, mt), {b}, mt)

\* __isolate_free_page()
RECURSIVE MakeMovable(_, _)
MakeMovable(z, blocks) ==
  IF blocks = {} THEN z
  ELSE LET b == Min(blocks) IN MakeMovable(Retype(Move(z, b, "MOVABLE"), {b}, "MOVABLE"), blocks \ {b})

Unset(z, b) ==
  LET p == b * Nr[P]
      o == z.page[p].order
      buddy == IF (p \div Nr[o]) % 2 = 0 THEN p + Nr[o] ELSE p - Nr[o]
      merges == /\ z.page[p].use = "buddy" /\ o >= P /\ o < X
                /\ IsBuddy(z, buddy, o) /\ z.type[Pb(buddy)] # "ISOLATE"
      off == MakeMovable(Take(z, p), {x \in BlocksOf(p, o) : z.type[x] \in Mergeable})
  IN  IF z.type[b] # "ISOLATE" THEN z
      ELSE IF merges THEN FreeOne(Retype(off, {b}, "MOVABLE"), p, o, "MOVABLE")
      ELSE Isolate(z, b, "MOVABLE")

Idle == [pc |-> "idle", start |-> 0, end |-> 0, b |-> 0, stop |-> 0]
At(c, pc, b, stop) == [c EXCEPT !.pc = pc, !.b = b, !.stop = stop]
Middle(c, b) == IF b < c.end - 1 THEN At(c, "middle", b, 0) ELSE At(c, "isolated", c.start, c.end)
Failed(c) == {Idle, At(Idle, "undo_all", c.start, c.end)}

Mark(b, succeeds, fails) ==
  IF MayIsolate(b) THEN Commit(Isolate(Z, b, "ISOLATE")) /\ caller' = succeeds
  ELSE UNCHANGED <<type, page>> /\ caller' \in fails

First ==
  /\ caller.pc = "idle"
  /\ \E start \in Pageblocks, end \in 1..PAGEBLOCKS :
       LET c == [Idle EXCEPT !.pc = "last", !.start = start, !.end = end]
       IN  /\ start < end
           /\ Mark(start, IF end = start + 1 THEN Middle(c, end) ELSE c, Failed(c))
Last ==
  /\ caller.pc = "last"
  /\ Mark(caller.end - 1, Middle(caller, caller.start + 1), {At(caller, "fail_first", caller.start, caller.start + 1)})
InTheMiddle ==
  /\ caller.pc = "middle"
  /\ Mark(caller.b, Middle(caller, caller.b + 1), {At(caller, "fail_undo", caller.start, caller.b)})

Undo ==
  /\ caller.pc \in {"isolated", "undo", "fail_undo", "undo_all"}
  /\ Commit(Unset(Z, caller.b))
  /\ caller' = IF caller.b + 1 < caller.stop
               THEN At(caller, IF caller.pc = "isolated" THEN "undo" ELSE caller.pc, caller.b + 1, caller.stop)
               ELSE IF caller.pc = "fail_undo" THEN At(caller, "fail_last", caller.end - 1, caller.end)
               ELSE Idle
GiveBack ==
  /\ caller.pc \in {"fail_first", "fail_last"}
  /\ Commit(Unset(Z, caller.b))
  /\ caller' \in Failed(caller)

Init ==
  /\ type = [b \in Pageblocks |-> "MOVABLE"]
  /\ page = [p \in Pfns |-> IF p % Nr[X] = 0 THEN [use |-> "buddy", order |-> X, list |-> "MOVABLE"] ELSE Nothing]
  /\ caller = Idle
Next == Alloc \/ PutPage \/ Free \/ First \/ Last \/ InTheMiddle \/ Undo \/ GiveBack
=============================================================================
