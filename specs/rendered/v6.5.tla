---------------------------- MODULE pageblock ----------------------------
\* The Linux page allocator and page isolation, design v6.5:
\* Linux 6.5, before the hygiene series
\* Kernel: v6.5
\* Source: Linux v6.5: mm/page_alloc.c, mm/page_isolation.c
\* Zone: 4 pageblocks of order 9, largest order 10, 1 isolator, orders 9 and up (1 unit per
\*   pageblock), a window of 2 pageblocks.
\* Made by: gen render --pageblocks 4 --order 10 --design v6.5
\*
\* One action is one hold of zone->lock, or one read without it.  An operator that
\* carries a kernel function's name takes the zone, z, as the lock's holder has it,
\* and gives the zone back.
EXTENDS Integers, FiniteSets, Sequences, TLC

\* ===========================================================================
\* The zone: include/linux/mmzone.h, struct zone
\* ===========================================================================
\* A pfn counts units of 2^MinOrder pages; blocks smaller than that are not
\* distinguished.  A buddy is its first pfn and its order, never one variable per
\* page.
MinOrder == 9
pageblock_order == 9
MAX_PAGE_ORDER == 10            \* the largest order, inclusive
Orders == MinOrder..MAX_PAGE_ORDER

Nr == [order \in Orders |-> 2^(order - MinOrder)]        \* units in a block
pageblock_nr == 2^(pageblock_order - MinOrder)           \* units in a pageblock
\* A window: one largest-order chunk.  Buddies never reach out of it; what the rest of
\* the zone can do to it is left open wherever it matters (see "elsewhere").
Pageblocks == 0..1
Pfns == 0..(Cardinality(Pageblocks) * pageblock_nr - 1)
Pageblock(pfn) == pfn \div pageblock_nr
pageblock_start_pfn(b) == b * pageblock_nr
AlignDown(pfn, order) == pfn - (pfn % Nr[order])
Covered(pfn, order) == pfn..(pfn + Nr[order] - 1)        \* the units of a block
PageblocksOf(pfn, order) == Pageblock(pfn)..Pageblock(pfn + Nr[order] - 1)
Min(S) == CHOOSE x \in S : \A y \in S : x <= y
Max(S) == CHOOSE x \in S : \A y \in S : x >= y
\* The callers of start_isolate_page_range() that there can be at a time.
Isolators == 1..1

\* enum migratetype.  Callers allocate AllocTypes; mm/page_alloc.c: fallbacks[].
AllocTypes == {"UNMOVABLE", "MOVABLE"}
fallbacks == [UNMOVABLE   |-> <<"RECLAIMABLE", "MOVABLE">>,
              MOVABLE     |-> <<"RECLAIMABLE", "UNMOVABLE">>,
              RECLAIMABLE |-> <<"UNMOVABLE", "MOVABLE">>]

migratetype_is_mergeable(mt) == mt \in {"UNMOVABLE", "MOVABLE", "RECLAIMABLE"}

VARIABLES
  migratetype,            \* [Pageblocks -> type]: the type that a pageblock has
  free,                   \* {<<pfn, order, list>>}: buddies on zone->free_area[order].free_list[list]
  inuse,                  \* {<<pfn, order, kind>>}: allocated; "pinned" stops isolation, "movable" does not
  freeing,                \* {<<pfn, order, mt>>}: type read without the lock, not yet freed
  nr_isolate_pageblock,   \* zone->nr_isolate_pageblock
  isolator                \* [Isolators -> where each caller of start_isolate_page_range() is]

zone_vars == <<migratetype, free, inuse, freeing, nr_isolate_pageblock>>
vars == <<zone_vars, isolator>>

\* The zone as the holder of zone->lock has it, with what the section keeps to
\* itself: ret (0 or an error), page and order (the block at hand).
NoPage == -1
NoType == "none"
Zone == [
  migratetype |-> migratetype,
  free |-> free,
  inuse |-> inuse,
  freeing |-> freeing,
  nr_isolate_pageblock |-> nr_isolate_pageblock,
  ret |-> 0, page |-> NoPage, order |-> MinOrder]

\* A count of isolated pageblocks that is too high stays so for good (an ISOLATE type
\* was overwritten, nobody will count it down): one value stands for all of those, which
\* keeps the state space finite and the test "> 0" exact.
Leaked == Cardinality(Pageblocks) + 1
IsolatedBlocks(z) == {b \in Pageblocks : z.migratetype[b] = "ISOLATE"}
NrIsolated(z) == Cardinality(IsolatedBlocks(z))
\* What a section leaves behind when it drops the lock.
Commit(z) ==
  /\ migratetype' = z.migratetype
  /\ free' = z.free
  /\ inuse' = z.inuse
  /\ freeing' = z.freeing
  /\ nr_isolate_pageblock' = IF z.nr_isolate_pageblock > NrIsolated(z) THEN Leaked ELSE z.nr_isolate_pageblock

spin_lock(z) ==
  z

spin_unlock(z) ==
  z

\* ===========================================================================
\* mm/page_alloc.c.  The caller holds zone->lock.
\* ===========================================================================
type_of(z, b) == z.migratetype[b]
is_isolated(z, b) == z.migratetype[b] = "ISOLATE"
is_migrate_isolate(mt) == mt = "ISOLATE"
get_pageblock_migratetype(z, pfn) == type_of(z, Pageblock(pfn))

\* The flag and the order are on the first page of a free buddy alone: a look at
\* any other page of it finds nothing.
PageBuddy(z, pfn) == \E f \in z.free : f[1] = pfn
buddy_order(z, pfn) == (CHOOSE f \in z.free : f[1] = pfn)[2]

retype(z, blocks, mt) == [z EXCEPT !.migratetype = [b \in Pageblocks |-> IF b \in blocks THEN mt ELSE @[b]]]
set_pageblock_migratetype(z, b, mt) ==
  retype(z, {b}, mt)

\* Every pageblock of a block of pageblock_order or more.
change_pageblock_range(z, page, order, mt) ==
  retype(z, PageblocksOf(page, order), mt)

\* "page type is T, passed migratetype is M (nr=2^order)": T is the type of the
\* page's first pageblock, M the type whose list is meant.
\* This kernel has no such check: the type of a page on a free list is not looked at.
expect_type(z, where, page, order, mt) == z
add_to_free_list(z, page, order, mt) ==
  LET z1 == [z EXCEPT !.free = @ \union {<<page, order, mt>>}]
  IN  expect_type(z1, "add_to_free_list", page, order, mt)

del_page_from_free_list(z, page, order, mt) ==
  LET z1 == expect_type(z, "del_page_from_free_list", page, order, mt)
  IN  [z1 EXCEPT !.free = {f \in @ : f[1] # page}]

move_to_free_list(z, page, order, old_mt, new_mt) ==
  LET z1 == expect_type(z, "move_to_free_list", page, order, old_mt)
  IN  [z1 EXCEPT !.free = {f \in @ : f[1] # page} \union {<<page, order, new_mt>>}]

\* ---- freeing -----------------------------------------------------------------
\* include/linux/page_alloc.h, mm/internal.h: __find_buddy_pfn(), find_buddy_page_pfn()
__find_buddy_pfn(pfn, order) == IF (pfn \div Nr[order]) % 2 = 0 THEN pfn + Nr[order] ELSE pfn - Nr[order]
is_free_buddy(z, pfn, order) == \E f \in z.free : f[1] = pfn /\ f[2] = order

\* Only where a property asks which pageblocks a merge has retyped.
by_merge(z, blocks) == z

\* The loop of __free_one_page(): merge while the buddy is free.  Below
\* pageblock_order no type is compared.
RECURSIVE merge(_, _, _, _)
merge(z, pfn, order, mt) ==
  LET buddy == __find_buddy_pfn(pfn, order)
      buddy_mt == IF order >= pageblock_order THEN get_pageblock_migratetype(z, buddy) ELSE mt
      done_merging == \/ order = MAX_PAGE_ORDER
                      \/ ~is_free_buddy(z, buddy, order)
                      \/ buddy_mt # mt /\ (~migratetype_is_mergeable(mt) \/ ~migratetype_is_mergeable(buddy_mt))
      merged == del_page_from_free_list(z, buddy, order, buddy_mt)
  IN  IF done_merging THEN add_to_free_list(z, pfn, order, mt)
      ELSE merge(merged, Min({pfn, buddy}), order + 1, mt)

__free_one_page(z, page, order, mt) ==
  merge(z, page, order, mt)

\* A free page that is taken off its list leaves the count, unless the list was not in it.
uncount(z, mt, order) ==
  z

take_off(z, page, order) ==
  LET mt == get_pageblock_migratetype(z, page)
  IN  uncount(del_page_from_free_list(z, page, order, mt), mt, order)

\* The largest order that is aligned at pfn and no longer than what is left.
PieceOrder(pfn, left) == Max({o \in Orders : pfn % Nr[o] = 0 /\ Nr[o] <= left})
RECURSIVE split_pieces(_, _, _, _)
split_pieces(z, pfn, boundary, end) ==
  IF pfn = end THEN z
  ELSE LET order == PieceOrder(pfn, (IF pfn < boundary THEN boundary ELSE end) - pfn)
       IN  split_pieces(__free_one_page(z, pfn, order, get_pageblock_migratetype(z, pfn)), pfn + Nr[order], boundary, end)

\* Up the orders from a pageblock's first page to the first free buddy at or before it;
\* the page itself if there is none.
preceding_buddy(z, start) ==
  LET orders == {o \in pageblock_order..MAX_PAGE_ORDER : PageBuddy(z, AlignDown(start, o))}
  IN  IF orders = {} THEN start ELSE AlignDown(start, Min(orders))

\* A block in pieces of at most a pageblock, each freed with the type of its own
\* pageblock, which is read when its turn comes.
RECURSIVE free_pieces(_, _, _, _)
free_pieces(z, pfn, end, order) ==
  IF pfn = end THEN z
  ELSE free_pieces(__free_one_page(z, pfn, order, get_pageblock_migratetype(z, pfn)), pfn + Nr[order], end, order)

split_large_buddy(z, page, order) ==
  free_pieces(z, page, page + Nr[order], Min({order, pageblock_order}))

\* has_isolate_pageblock(): one elsewhere in the zone counts as well.
has_isolate_pageblock(z) == IF z.nr_isolate_pageblock > 0 THEN {TRUE} ELSE {FALSE, TRUE}
\* free_one_page(): the type was read without the lock; read again if any pageblock
\* is isolated, or the type says so.
free_with_type(z, page, order, mt) ==
  LET types == {IF isolated \/ is_migrate_isolate(mt) THEN get_pageblock_migratetype(z, page) ELSE mt :
                isolated \in has_isolate_pageblock(z)}
  IN  {__free_one_page(z, page, order, type) : type \in types}

\* The page is nobody's any more.
free_pages_prepare(z, page, order) ==
  [z EXCEPT !.freeing = {p \in @ : p[1] # page}]

\* mm/page_alloc.c: free_one_page(), v5.19 to v6.9.  One hold of zone->lock.
free_one_page(z, page, order, mt) ==
  LET z1 == free_pages_prepare(z, page, order)
      z2 == spin_lock(z1)
  IN  UNION {
  LET z4 == spin_unlock(z3)
  IN  {z4}   : z3 \in free_with_type(z2, page, order, mt)}

\* ---- allocation --------------------------------------------------------------
\* Each upper half goes on the list of mt, whatever its own pageblock's type is.
RECURSIVE halve(_, _, _, _, _)
halve(z, page, low, high, mt) ==
  IF high = low THEN z
  ELSE halve(add_to_free_list(z, page + Nr[high - 1], high - 1, mt), page, low, high - 1, mt)

expand(z, page, low, high, mt) ==
  halve(z, page, low, high, mt)

page_del_and_expand(z, page, low, high, mt) ==
  LET z1 == del_page_from_free_list(z, page, high, mt)
      z2 == IF low < high THEN expand(z1, page, low, high, mt) ELSE z1
  IN  [z2 EXCEPT !.page = page]

\* The free blocks that can serve an order: those of the smallest order that has
\* any.  A list has no order here: each of them may be the one at its head.
\* Elsewhere in the zone may lie a block that would be taken instead; then nothing
\* happens here, so it is enough to look at what happens if there is none.
OnList(z, order, mt) == {f \in z.free : f[2] = order /\ f[3] = mt}
SmallestOrder(z, order, mt) == {o \in order..MAX_PAGE_ORDER : OnList(z, o, mt) # {}}

__rmqueue_smallest(z, order, mt) ==
  LET orders == SmallestOrder(z, order, mt)
  IN  IF orders = {} THEN {}
      ELSE {page_del_and_expand(z, f[1], order, f[2], mt) : f \in OnList(z, Min(orders), mt)}

\* find_suitable_fallback(): the first fallback type that has a block of this order.
find_fallback(z, order, mt) ==
  LET types == {i \in 1..2 : OnList(z, order, fallbacks[mt][i]) # {}}
  IN  IF types = {} THEN NoType ELSE fallbacks[mt][Min(types)]

can_steal_fallback(order, mt) == order >= pageblock_order \div 2 \/ mt \in {"UNMOVABLE", "RECLAIMABLE"}
FallbackOrders(z, low, mt) == {o \in low..MAX_PAGE_ORDER : find_fallback(z, o, mt) # NoType}

\* Free pages of a pageblock, in units; a buddy counts where it starts.
FreeIn(z, b) == {f \in z.free : Pageblock(f[1]) = b}
RECURSIVE units_of(_)
units_of(S) == IF S = {} THEN 0 ELSE LET f == CHOOSE x \in S : TRUE IN Nr[f[2]] + units_of(S \ {f})

\* Move every buddy that starts in pageblock b, whole, even if it is longer than b.
RECURSIVE move_each(_, _, _, _)
move_each(z, S, old_mt, new_mt) ==
  IF S = {} THEN z
  ELSE LET f == CHOOSE x \in S : \A y \in S : x[1] <= y[1]
       IN  move_each(move_to_free_list(z, f[1], f[2], old_mt, new_mt), S \ {f}, old_mt, new_mt)

move_freepages_block(z, page, old_mt, new_mt) ==
  move_each(z, FreeIn(z, Pageblock(page)), old_mt, new_mt)

\* __rmqueue_fallback(): the largest order first, so that whole pageblocks are taken;
\* movable pages switch to the smallest when that block cannot be stolen.
PickFallback(z, order, mt) ==
  LET orders == FallbackOrders(z, order, mt)
      o == IF ~can_steal_fallback(Max(orders), mt) /\ mt = "MOVABLE" THEN Min(orders) ELSE Max(orders)
  IN  OnList(z, o, find_fallback(z, o, mt))

\* steal_suitable_fallback(): hand the block found to the caller's type; the caller
\* then takes the smallest again.  Below pageblock_order a count of free and movable
\* pages decides whether the pageblock's type changes too: both, where it may.
steal_suitable_fallback(z, page, order, list, mt) ==
  LET b == Pageblock(page)
      owned == change_pageblock_range(z, page, order, mt)
      moved == move_freepages_block(z, page, list, mt)
      claimed == set_pageblock_migratetype(moved, b, mt)
  IN  IF order >= pageblock_order THEN {move_to_free_list(owned, page, order, list, mt)}
      ELSE IF ~can_steal_fallback(order, mt)
      THEN {move_to_free_list(z, page, order, list, mt)}
      ELSE IF 2 * units_of(FreeIn(z, b)) >= pageblock_nr THEN {claimed}
      ELSE {moved, claimed}

__rmqueue_fallback(z, order, mt) ==
  IF FallbackOrders(z, order, mt) = {} THEN {}
  ELSE UNION {UNION {__rmqueue_smallest(stolen, order, mt) :
                     stolen \in steal_suitable_fallback(z, f[1], f[2], f[3], mt)} :
              f \in PickFallback(z, order, mt)}

__rmqueue(z, order, mt) ==
  IF SmallestOrder(z, order, mt) # {} THEN __rmqueue_smallest(z, order, mt)
  ELSE __rmqueue_fallback(z, order, mt)

\* The page is its caller's now.  Whether it can be migrated is not said by the type that
\* was asked for; above pageblock_order a page is not on the LRU, so it never can.
Kinds(z, page, order) == IF order > pageblock_order THEN {"pinned"} ELSE {"pinned", "movable"}
prep_new_page(z, order) ==
  {[z EXCEPT !.inuse = @ \union {<<z.page, order, kind>>}] : kind \in Kinds(z, z.page, order)}

\* The lists, and what is kept back for high-order atomic allocations.
rmqueue_lists(z, order, mt) ==
  __rmqueue(z, order, mt)

\* mm/page_alloc.c: rmqueue_buddy(), all versions.  One hold of zone->lock.
rmqueue_buddy(z, order, mt) ==
  LET z1 == spin_lock(z)
  IN  UNION {
  LET z3 == spin_unlock(z2)
  IN  prep_new_page(z3, order)
   : z2 \in rmqueue_lists(z1, order, mt)}

\* ---- who does it: any CPU, at any time ----------------------------------------
\* Callers keep nothing to themselves afterwards, so these stand for any number of
\* CPUs.  A page that is on its way is kept as a state of the page.
AllocPages ==
  \E order \in MinOrder..10, mt \in AllocTypes :
    \E z \in rmqueue_buddy(Zone, order, mt) :
      Commit(z) /\ UNCHANGED isolator

\* The last reference to a page is dropped.  It is not free yet, but has_unmovable_pages()
\* passes it over from now on.
put_page(z, page) ==
  [z EXCEPT !.inuse = {IF p[1] = page THEN <<p[1], p[2], "movable">> ELSE p : p \in @}]

PutPage ==
  \E p \in inuse :
    /\ p[3] = "pinned"
    /\ Commit(put_page(Zone, p[1]))
    /\ UNCHANGED isolator

\* __free_pages_ok(), free_unref_page(): the type is read before the lock is taken.
get_pfnblock_migratetype(z, page, order, mt) ==
  [z EXCEPT !.inuse = {p \in @ : p[1] # page},
            !.freeing = @ \union {<<page, order, mt>>}]

ReadMigratetype ==
  \E p \in inuse :
    LET mt == get_pageblock_migratetype(Zone, p[1])
        z == get_pfnblock_migratetype(Zone, p[1], p[2], mt)
    IN  Commit(z) /\ UNCHANGED isolator

FreePages ==
  \E p \in freeing :
    \E z \in free_one_page(Zone, p[1], p[2], p[3]) :
      Commit(z) /\ UNCHANGED isolator

AnyCPU ==
  \/ AllocPages
  \/ PutPage
  \/ ReadMigratetype
  \/ FreePages

\* ===========================================================================
\* mm/page_isolation.c
\* ===========================================================================
EBUSY == 16
ENOENT == 2
EALREADY == 114     \* ours: nothing to un-isolate, the section does nothing

\* ---- calls under zone->lock ----------------------------------------------------
is_migrate_isolate_page(z, b) ==
  IF is_isolated(z, b) THEN [z EXCEPT !.ret = EBUSY] ELSE z

\* Free pages are skipped, and so are pages without a reference: the tail pages of
\* an in-use page that is not compound.  So only what starts in the pageblock counts.
has_unmovable_pages(z, b, mt) ==
  IF \E p \in z.inuse : p[3] = "pinned" /\ Pageblock(p[1]) = b THEN [z EXCEPT !.ret = EBUSY] ELSE z

\* move_freepages_block(), and what moved leaves, or joins, the count of free pages.
isolation_moves(z, b, old_mt, new_mt) ==
  LET moved == move_freepages_block(z, pageblock_start_pfn(b), old_mt, new_mt)
  IN  moved

inc_nr_isolate_pageblock(z) ==
  [z EXCEPT !.nr_isolate_pageblock = IF @ = Leaked THEN Leaked ELSE @ + 1]

dec_nr_isolate_pageblock(z) ==
  [z EXCEPT !.nr_isolate_pageblock = IF @ = Leaked THEN Leaked ELSE @ - 1]

set_isolated(z, b, mt) == set_pageblock_migratetype(z, b, mt)
\* mm/page_alloc.c: does the free buddy at or before the pageblock reach it?
find_large_buddy(z, start) ==
  LET pfn == preceding_buddy(z, start)
  IN  IF pfn # start /\ pfn + Nr[buddy_order(z, pfn)] > start THEN pfn ELSE start

\* mm/page_isolation.c: set_migratetype_isolate(), v5.19 to v6.9.  One hold of zone->lock.
set_migratetype_isolate(z, b, mt) ==
  LET z1 == spin_lock(z)
      z2 == is_migrate_isolate_page(z1, b)
      z3 == IF z2.ret = 0 THEN has_unmovable_pages(z2, b, mt) ELSE z2
      z4 == IF z3.ret = 0 THEN set_pageblock_migratetype(z3, b, "ISOLATE") ELSE z3
      z5 == IF z4.ret = 0 THEN inc_nr_isolate_pageblock(z4) ELSE z4
      z6 == IF z5.ret = 0 THEN isolation_moves(z5, b, "ISOLATE", "ISOLATE") ELSE z5
      z7 == spin_unlock(z6)
  IN  {z7}

is_isolated_still(z, b) ==
  IF is_isolated(z, b) THEN z ELSE [z EXCEPT !.ret = EALREADY]

\* mm/page_alloc.c.  Off its list; mergeable pageblocks under it become MOVABLE.
__isolate_free_page(z, page, order) ==
  LET removed == del_page_from_free_list(z, page, order, get_pageblock_migratetype(z, page))
      normal == {b \in PageblocksOf(page, order) : migratetype_is_mergeable(type_of(z, b))}
      uncounted == uncount(removed, get_pageblock_migratetype(z, page), order)
  IN  IF order < pageblock_order - 1 \/ normal = {} THEN uncounted ELSE retype(uncounted, normal, "MOVABLE")

\* unset_migratetype_isolate(): a buddy that starts here, whose own buddy is free and
\* not isolated, is taken off, so that freeing it merges the two.
isolate_to_merge(z, b) ==
  LET page == pageblock_start_pfn(b)
      order == buddy_order(z, page)
      buddy == __find_buddy_pfn(page, order)
      merges == /\ PageBuddy(z, page)
                /\ order >= pageblock_order
                /\ order < MAX_PAGE_ORDER
                /\ is_free_buddy(z, buddy, order)
                /\ ~is_isolated(z, Pageblock(buddy))
  IN  IF merges THEN [__isolate_free_page(z, page, order) EXCEPT !.page = page, !.order = order] ELSE z

__putback_isolated_page(z, mt) ==
  __free_one_page(z, z.page, z.order, mt)

\* mm/page_isolation.c: unset_migratetype_isolate(), v5.19 to v6.9, hygiene-v2.  One hold of
\*   zone->lock.
unset_migratetype_isolate(z, b, mt) ==
  LET z1 == spin_lock(z)
      z2 == is_isolated_still(z1, b)
      z3 == IF z2.ret = 0 THEN isolate_to_merge(z2, b) ELSE z2
      z4 == IF z3.ret = 0 /\ z3.page = NoPage THEN isolation_moves(z3, b, "ISOLATE", mt) ELSE z3
      z5 == IF z4.ret = 0 THEN set_pageblock_migratetype(z4, b, mt) ELSE z4
      z6 == IF z5.ret = 0 /\ z5.page # NoPage THEN __putback_isolated_page(z5, mt) ELSE z5
      z7 == IF z6.ret = 0 THEN dec_nr_isolate_pageblock(z6) ELSE z6
      z8 == spin_unlock(z7)
  IN  {z8}

is_still_free(z, page, order) ==
  IF <<page, order>> \in {<<f[1], f[2]>> : f \in z.free} THEN z ELSE [z EXCEPT !.ret = ENOENT]

free_split_pieces(z, page, order, offset) ==
  split_pieces(z, page, page + offset, page + Nr[order])

\* mm/page_alloc.c: split_free_page(), v5.19 to v6.9, hygiene-v2.  One hold of zone->lock.
split_free_page(z, page, order, offset) ==
  LET z1 == spin_lock(z)
      z2 == is_still_free(z1, page, order)
      z3 == IF z2.ret = 0 THEN take_off(z2, page, order) ELSE z2
      z4 == IF z3.ret = 0 THEN free_split_pieces(z3, page, order, offset) ELSE z3
      z5 == spin_unlock(z4)
  IN  {z5}

\* ---- start_isolate_page_range(start, end) --------------------------------------
\* The first pageblock, the last one, then those in the middle; the first and the
\* last go through isolate_single_pageblock(), which looks for a page that crosses
\* the boundary of the range.  The range is chosen freely when the call begins.
\*   pc     where the caller is;  b: the pageblock at hand;  [start, end): its range
\*   pfn, order: the scan's position, and the free page that it saw there
Idle == [pc |-> "idle", start |-> 0, end |-> 0, b |-> 0, stop |-> 0, pfn |-> 0, order |-> 0]
LastPageblock == Cardinality(Pageblocks) - 1
mark_here(z, b, mt) == set_migratetype_isolate(z, b, mt)
unmark_here(z, b, mt) == unset_migratetype_isolate(z, b, mt)
\* A range may begin and end elsewhere.  Two pageblocks on either side stand for all of
\* the zone that lies there: the first or last of the range, if it is not next to the
\* window, and those in between.  Marking one of them succeeds or fails, and changes nothing here.
Starts == Pageblocks \union {-2, -1}
Ends == 1..(LastPageblock + 3)
mark_elsewhere(z) ==
  {z, [z EXCEPT !.ret = EBUSY]}

unmark_elsewhere(z) ==
  {z}

mark(z, b, mt) == IF b \in Pageblocks THEN mark_here(z, b, mt) ELSE mark_elsewhere(z)
unmark(z, b, mt) == IF b \in Pageblocks THEN unmark_here(z, b, mt) ELSE unmark_elsewhere(z)
Ranges == {r \in Starts \X Ends : r[1] < r[2]}

\* Which pageblock boundary isolate_single_pageblock() was given.
Boundary(me) ==
  IF me.pc \in {"mark_first", "scan_first", "split_first"}
  THEN me.start ELSE me.end

\* After the first and the last pageblock comes the next one of the middle, from b
\* on; after the middle start_isolate_page_range() returns 0.
\* undo_isolate_page_range() goes from b up to stop.
To(me, pc, b, stop) == [me EXCEPT !.pc = pc, !.b = b, !.stop = stop, !.pfn = 0, !.order = 0]
\* A failed start: offline_pages() ends there; alloc_contig_range() undoes its whole range
\* once more, whoever has isolated what lies in it.
\* What of the range lies elsewhere is undone there, and nothing happens here.
UndoAll(me) == [Idle EXCEPT !.pc = "undo_all", !.b = Max({0, me.start}), !.stop = Min({me.end, LastPageblock + 1})]
AfterFailure(me) == {Idle, UndoAll(me)}
\* What stands for several pageblocks elsewhere may have been marked in part when one fails.
UpTo(b) == IF b \in Pageblocks \/ b - 1 \in Pageblocks THEN {b} ELSE {b, b + 1}
ToMiddle(me, b) == IF b < me.end - 1 THEN To(me, "mark_middle", b, 0) ELSE To(me, "isolated", me.start, me.end)

Rounded(r) == r
AfterMarkMiddle(me) == ToMiddle(me, me.b + 1)
\* The last pageblock failed: the first is given back.  One of the middle failed: those
\* before it are undone, then the last one is given back.
FailedAt(me, b) == IF b = me.end - 1 THEN {To(me, "fail_first", me.start, me.start + 1)}
                   ELSE {To(me, "fail_undo", me.start, stop) : stop \in UpTo(b)}

AfterFailUndo(me) == {To(me, "fail_last", me.end - 1, me.end)}
\* A page crosses a boundary only inside a largest-order chunk: no scan elsewhere.
Crossable(boundary) == boundary \in Pageblocks /\ pageblock_start_pfn(boundary) % Nr[MAX_PAGE_ORDER] # 0
AfterScanLast(me) == ToMiddle(me, me.start + 1)
ToScanLast(me) == IF Crossable(me.end)
                  THEN [me EXCEPT !.pc = "scan_last", !.pfn = AlignDown(pageblock_start_pfn(me.end - 1), MAX_PAGE_ORDER)]
                  ELSE AfterScanLast(me)

\* A range of one pageblock is marked once; the second call only looks.
AfterScanFirst(me) == IF me.end = me.start + 1
                      THEN ToScanLast(me)
                      ELSE [me EXCEPT !.pc = "mark_last", !.pfn = 0, !.order = 0]

AfterMarkFirst(me) == IF Crossable(me.start)
                      THEN [me EXCEPT !.pc = "scan_first", !.pfn = AlignDown(pageblock_start_pfn(me.start), MAX_PAGE_ORDER)]
                      ELSE AfterScanFirst(me)

AfterMarkLast(me) == ToScanLast(me)
MarkFirst(i) ==
  /\ isolator[i].pc = "idle"
  /\ \E r \in Ranges :
       LET range == Rounded(r)
           me == [Idle EXCEPT !.pc = "mark_first", !.start = range[1], !.end = range[2]]
       IN  \E z \in mark(Zone, me.start, "MOVABLE") :
             /\ Commit(z)
             /\ \E next \in IF z.ret = 0 THEN {AfterMarkFirst(me)} ELSE AfterFailure(me) :
                  isolator' = [isolator EXCEPT ![i] = next]

MarkLast(i) ==
  LET me == isolator[i]
  IN  /\ me.pc = "mark_last"
      /\ \E z \in mark(Zone, me.end - 1, "MOVABLE") :
           /\ Commit(z)
           /\ \E next \in IF z.ret = 0 THEN {AfterMarkLast(me)} ELSE FailedAt(me, me.end - 1) :
                isolator' = [isolator EXCEPT ![i] = next]

MarkMiddle(i) ==
  LET me == isolator[i]
  IN  /\ me.pc = "mark_middle"
      /\ \E z \in mark(Zone, me.b, "MOVABLE") :
           /\ Commit(z)
           /\ \E next \in IF z.ret = 0 THEN {AfterMarkMiddle(me)} ELSE FailedAt(me, me.b) :
                isolator' = [isolator EXCEPT ![i] = next]

\* isolate_single_pageblock(), the scan, without the lock, one page at a time: a free
\* page is stepped over, one that crosses the boundary is split; any other page is
\* passed unit by unit.
look_at(z, page) ==
  z

Scan(i) ==
  LET me == isolator[i]
      order == buddy_order(Zone, me.pfn)
      next == me.pfn + (IF PageBuddy(Zone, me.pfn) THEN Nr[order] ELSE 1)
      boundary == pageblock_start_pfn(Boundary(me))
      crosses == PageBuddy(Zone, me.pfn) /\ next > boundary
      done == IF me.pc = "scan_first" THEN AfterScanFirst(me) ELSE AfterScanLast(me)
      onwards == IF next >= boundary THEN done ELSE [me EXCEPT !.pfn = next]
      z == look_at(Zone, me.pfn)
      split == [me EXCEPT !.pc = IF me.pc = "scan_first" THEN "split_first" ELSE "split_last", !.order = order]
  IN  /\ me.pc \in {"scan_first", "scan_last"}
      /\ isolator' = [isolator EXCEPT ![i] = IF crosses THEN split ELSE onwards]
      /\ Commit(z)

\* If the page has changed meanwhile the scan looks at the same pfn again.
SplitFreePage(i) ==
  LET me == isolator[i]
      boundary == pageblock_start_pfn(Boundary(me))
      rescan == [me EXCEPT !.pc = IF me.pc = "split_first" THEN "scan_first" ELSE "scan_last", !.order = 0]
      done == IF me.pc = "split_first" THEN AfterScanFirst([me EXCEPT !.order = 0])
              ELSE AfterScanLast([me EXCEPT !.order = 0])
  IN  /\ me.pc \in {"split_first", "split_last"}
      /\ \E z \in split_free_page(Zone, me.pfn, me.order, boundary - me.pfn) :
           /\ Commit(z)
           /\ isolator' = [isolator EXCEPT ![i] = IF z.ret = 0 THEN done ELSE rescan]

\* undo_isolate_page_range(): when the caller is done with its range ("isolated"), on the
\* way out of a failed start ("fail_undo"), and after that ("undo_all").  A look at the
\* type without the lock, then one hold for each pageblock that is ISOLATE; whoever
\* isolated it is not asked.  Afterwards the caller may call again, with another range.
is_not_isolated(z, b) ==
  z

UndoRange(i) ==
  LET me == isolator[i]
      z == Zone
      onwards == To(me, IF me.pc = "isolated" THEN "undo" ELSE me.pc, me.b + 1, me.stop)
      after == IF me.b + 1 < me.stop THEN {[onwards EXCEPT !.pfn = me.pfn]}
               ELSE IF me.pc = "fail_undo" THEN AfterFailUndo(me)
               ELSE {Idle}
      skipped == me.b \in Pageblocks /\ (~is_isolated(Zone, me.b))
  IN  /\ me.pc \in {"isolated", "undo", "fail_undo", "undo_all"}
      /\ \E done \in IF skipped THEN {is_not_isolated(z, me.b)} ELSE unmark(z, me.b, "MOVABLE") :
           Commit(done)
      /\ \E next \in after : isolator' = [isolator EXCEPT ![i] = next]

\* A failed start gives its first, or its last, pageblock back by itself.
GiveBack(i) ==
  LET me == isolator[i]
  IN  /\ me.pc \in {"fail_first", "fail_last"}
      /\ \E z \in unmark(Zone, me.b, "MOVABLE") : Commit(z)
      /\ \E next \in AfterFailure(me) : isolator' = [isolator EXCEPT ![i] = next]

Isolator(i) ==
  \/ MarkFirst(i)
  \/ MarkLast(i)
  \/ MarkMiddle(i)
  \/ Scan(i)
  \/ SplitFreePage(i)
  \/ UndoRange(i)
  \/ GiveBack(i)

\* The pageblocks that a caller has isolated and not given back yet, by where it is.
Held(me) ==
  IF me.pc \in {"idle", "undo_all"} THEN {}
  ELSE IF me.pc \in {"scan_first", "split_first", "mark_last"}
       THEN {me.start}
  ELSE IF me.pc \in {"skip_last", "scan_last", "split_last"}
       THEN {me.start, me.end - 1}
  ELSE IF me.pc = "mark_middle" THEN {me.start, me.end - 1} \union (me.start + 1)..(me.b - 1)
  ELSE IF me.pc = "fail_undo" THEN me.b..(me.stop - 1) \union {me.end - 1}
  ELSE me.b..(me.stop - 1)

HeldHere(i) == Held(isolator[i]) \intersect Pageblocks
\* ===========================================================================
\* The behaviours, and what developers promise of them
\* ===========================================================================
\* After boot: every pageblock is MOVABLE and free, in buddies of the largest order.
BootTypes == {[b \in Pageblocks |-> "MOVABLE"]}
BootFree(types) == {<<pfn, MAX_PAGE_ORDER, "MOVABLE">> : pfn \in {p \in Pfns : p % Nr[MAX_PAGE_ORDER] = 0}}
BootZone == \E types \in BootTypes :
  /\ migratetype = types
  /\ free = BootFree(types)
  /\ inuse = {}
  /\ freeing = {}
  /\ nr_isolate_pageblock = 0

Boot == BootZone /\ isolator = [i \in Isolators |-> Idle]
Step == AnyCPU \/ \E i \in Isolators : Isolator(i)

\* The type that a read of a pageblock gives.
Type(b) == type_of(Zone, b)
Isolated(b) == is_isolated(Zone, b)

\* Every block there is: <<first pfn, order>>.
Blocks == {<<k[1], k[2]>> : k \in free} \union {<<k[1], k[2]>> : k \in inuse} \union {<<k[1], k[2]>> : k \in freeing}

\* What callers, or per-CPU lists, hold; and what is free.
Allocated == {<<p[1], p[2]>> : p \in inuse}
FreeUnits == UNION {Covered(f[1], f[2]) : f \in free}

\* How many blocks hold a unit.
Holders(pfn) ==
  Cardinality({k \in free : pfn \in Covered(k[1], k[2])})
  + Cardinality({k \in inuse : pfn \in Covered(k[1], k[2])})
  + Cardinality({k \in freeing : pfn \in Covered(k[1], k[2])})

\* A free buddy is on the list of a type only if every pageblock that it covers
\* has this type, whenever the lock is free.
FreelistHygiene == \A f \in free : \A b \in PageblocksOf(f[1], f[2]) : Type(b) = f[3]

\* No page of an isolated pageblock (its type is ISOLATE, or a caller holds it
\* isolated) leaves the free lists for a caller of the page allocator, or for a
\* per-CPU list.
IsIsolated(b) == Isolated(b) \/ \E i \in Isolators : b \in HeldHere(i)
IsolatedNotAllocated_action ==
  \A p \in Allocated' \ Allocated :
    Covered(p[1], p[2]) \intersect FreeUnits # {} => \A b \in PageblocksOf(p[1], p[2]) : ~IsIsolated(b)

IsolatedNotAllocated == [][IsolatedNotAllocated_action]_vars

\* Free, allocated and half-freed blocks tile the zone: no page is lost, none is
\* there twice.
Conservation == \A pfn \in Pfns : Holders(pfn) = 1

\* A block of order o starts at a multiple of 2^o pages.
Alignment == \A k \in Blocks : k[1] % Nr[k[2]] = 0

=============================================================================
