/* The zone, and what v6.5, hygiene-v2 and v6.12 have in common, by hand.  A pfn counts
 * units of 2^MIN_ORDER pages.  A procedure that carries a kernel function's name is called
 * with zone->lock held; a rule is one hold of it.  (Murphi has no names like __free_one_page.)
 *
 * The C preprocessor sets PAGEBLOCKS, PAGEBLOCK_ORDER, MAX_PAGE_ORDER and MIN_ORDER. */
const
  pageblock_order: PAGEBLOCK_ORDER;
  PAGEBLOCK_NR: 1 << (PAGEBLOCK_ORDER - MIN_ORDER);     /* units in a pageblock */
  CHUNK_NR: 1 << (MAX_PAGE_ORDER - MIN_ORDER);          /* units in a largest buddy */
  PFNS: PAGEBLOCKS * PAGEBLOCK_NR;

  UNMOVABLE: 0;
  MOVABLE: 1;
  RECLAIMABLE: 2;
  ISOLATE: 3;
  NONE: 4;

type
  order_t: MIN_ORDER .. MAX_PAGE_ORDER + 1;             /* one more: there is none */
  pfn_t: 0 .. PFNS;                                     /* PFNS: the end of the zone */
  pageblock_t: 0 .. PAGEBLOCKS;
  migratetype_t: UNMOVABLE .. NONE;

  real_order_t: MIN_ORDER .. MAX_PAGE_ORDER;
  real_pfn_t: 0 .. PFNS - 1;
  real_pageblock_t: 0 .. PAGEBLOCKS - 1;
  asked_t: UNMOVABLE .. MOVABLE;                        /* what callers allocate */

  /* What starts at a pfn.  A pinned page stops isolation, a movable one does not; a page
   * is freeing when its type was read without the lock and it is not freed yet. */
  use_t: enum { NOTHING, BUDDY, PINNED, MIGRATABLE, FREEING };
  page_t: record
    use: use_t;
    order: order_t;
    mt: migratetype_t;                                  /* BUDDY: its list; FREEING: the type read */
  end;

  pc_t: enum { IDLE, SCAN_FIRST, SPLIT_FIRST, MARK_LAST, SCAN_LAST, SPLIT_LAST, MARK_MIDDLE,
               ISOLATED, UNDO, FAIL_FIRST, FAIL_UNDO, FAIL_LAST, UNDO_ALL };

var
  migratetype: array [real_pageblock_t] of migratetype_t;
  page: array [real_pfn_t] of page_t;
#ifdef COUNTS_ISOLATED
  nr_isolate_pageblock: 0 .. PAGEBLOCKS + 1;            /* the last value: too high, for good */
#endif

  /* The caller of start_isolate_page_range(): where it is, its range, the pageblock at
   * hand, where the undo ends, the scan's position and the free page that it saw there. */
  pc: pc_t;
  start: pageblock_t;
  end_: pageblock_t;
  b: pageblock_t;
  stop: pageblock_t;
  pfn: pfn_t;
  seen: order_t;

function nr(order: order_t): pfn_t;
begin
  return 1 << (order - MIN_ORDER);
end;

function pageblock(p: pfn_t): pageblock_t;
begin
  return p / PAGEBLOCK_NR;
end;

function get_pageblock_migratetype(p: pfn_t): migratetype_t;
begin
  return migratetype[p / PAGEBLOCK_NR];
end;

function is_buddy(p: pfn_t; order: order_t): boolean;
begin
  return page[p].use = BUDDY & page[p].order = order;
end;

function on_list(p: pfn_t; order: order_t; mt: migratetype_t): boolean;
begin
  return page[p].use = BUDDY & page[p].order = order & page[p].mt = mt;
end;

function mergeable(mt: migratetype_t): boolean;
begin
  return mt <= RECLAIMABLE;
end;

procedure add_to_free_list(p: pfn_t; order: order_t; mt: migratetype_t);
begin
  page[p].use := BUDDY;
  page[p].order := order;
  page[p].mt := mt;
end;

procedure remove(p: pfn_t);
begin
  page[p].use := NOTHING;
  undefine page[p].order;
  undefine page[p].mt;
end;

procedure del_page_from_free_list(p: pfn_t);
begin
  remove(p);
end;

/* Every pageblock of a block of pageblock_order or more. */
procedure change_pageblock_range(p: pfn_t; order: order_t; mt: migratetype_t);
begin
  for i := pageblock(p) to pageblock(p + nr(order) - 1) do
    migratetype[i] := mt;
  end;
end;

/* ---- freeing ---- */

function find_buddy(p: pfn_t; order: order_t): pfn_t;
begin
  return p ^ nr(order);
end;

function may_merge(p: pfn_t; order: order_t; mt: migratetype_t): boolean;
begin
  if order = MAX_PAGE_ORDER then return false; end;
  if !is_buddy(find_buddy(p, order), order) then return false; end;
  if order < pageblock_order then return true; end;
  return get_pageblock_migratetype(find_buddy(p, order)) = mt |
         (mergeable(mt) & mergeable(get_pageblock_migratetype(find_buddy(p, order))));
end;

procedure free_one_page(p: pfn_t; order: order_t; mt: migratetype_t);
var at, buddy: pfn_t; o: order_t;
begin
  at := p;
  o := order;
  while may_merge(at, o, mt) do
    buddy := find_buddy(at, o);
    del_page_from_free_list(buddy);
    if o >= pageblock_order & get_pageblock_migratetype(buddy) != mt then
#if defined MERGE_RETYPES_ALL
      change_pageblock_range(buddy, o, mt);
#elif defined MERGE_RETYPES_FIRST
      migratetype[pageblock(buddy)] := mt;
#endif
    end;
    if buddy < at then at := buddy; end;
    o := o + 1;
  end;
  add_to_free_list(at, o, mt);
end;

/* A block in pieces of at most a pageblock, each with the type of its own pageblock. */
procedure split_large_buddy(p: pfn_t; order: order_t);
var at: pfn_t; piece: order_t;
begin
  piece := order;
  if piece > pageblock_order then piece := pageblock_order; end;
  at := p;
  while at < p + nr(order) do
    free_one_page(at, piece, get_pageblock_migratetype(at));
    at := at + nr(piece);
  end;
end;

/* ---- allocation ---- */

procedure expand(p: pfn_t; low: order_t; high: order_t; mt: migratetype_t);
var o: order_t;
begin
  o := high;
  while o > low do
    o := o - 1;
    add_to_free_list(p + nr(o), o, mt);
  end;
end;

procedure page_del_and_expand(p: pfn_t; low: order_t; mt: migratetype_t);
var high: order_t;
begin
  high := page[p].order;
  del_page_from_free_list(p);
  expand(p, low, high, mt);
end;

/* Move every buddy that starts in a pageblock, whole, even if it is longer. */
procedure move_freepages_block(block: pageblock_t; mt: migratetype_t);
begin
  for i := block * PAGEBLOCK_NR to (block + 1) * PAGEBLOCK_NR - 1 do
    if page[i].use = BUDDY then page[i].mt := mt; end;
  end;
end;

/* The page is its caller's. */
procedure prep_new_page(p: pfn_t; order: order_t; pinned: boolean);
begin
  page[p].use := pinned ? PINNED : MIGRATABLE;
  page[p].order := order;
  undefine page[p].mt;
end;

/* Above pageblock_order a page is not on the LRU, so it cannot be migrated. */
function may_be(order: order_t; pinned: boolean): boolean;
begin
  return pinned | order <= pageblock_order;
end;

function smallest_order(low: order_t; mt: migratetype_t): order_t;
begin
  for o := low to MAX_PAGE_ORDER do
    if exists p: real_pfn_t do on_list(p, o, mt) end then return o; end;
  end;
  return MAX_PAGE_ORDER + 1;
end;

/* A list has no order: each of its pages may be the head. */
function may_rmqueue_smallest(p: pfn_t; low: order_t; mt: migratetype_t): boolean;
begin
  return page[p].use = BUDDY & page[p].mt = mt & page[p].order >= low
       & page[p].order = smallest_order(low, mt);
end;

function fallbacks(mt: migratetype_t; second: boolean): migratetype_t;
begin
  if mt = UNMOVABLE then return second ? MOVABLE : RECLAIMABLE; end;
  if mt = MOVABLE then return second ? UNMOVABLE : RECLAIMABLE; end;
  return second ? MOVABLE : UNMOVABLE;
end;

function find_fallback(order: order_t; mt: migratetype_t): migratetype_t;
begin
  if exists p: real_pfn_t do on_list(p, order, fallbacks(mt, false)) end then
    return fallbacks(mt, false);
  end;
  if exists p: real_pfn_t do on_list(p, order, fallbacks(mt, true)) end then
    return fallbacks(mt, true);
  end;
  return NONE;
end;

function can_steal_fallback(order: order_t; mt: migratetype_t): boolean;
begin
  return order >= pageblock_order / 2 | mt != MOVABLE;
end;

function largest_fallback_order(low: order_t; mt: migratetype_t): order_t;
begin
  for o := MAX_PAGE_ORDER to low by -1 do
    if find_fallback(o, mt) != NONE then return o; end;
  end;
  return MAX_PAGE_ORDER + 1;
end;

function smallest_fallback_order(low: order_t; mt: migratetype_t): order_t;
begin
  for o := low to MAX_PAGE_ORDER do
    if find_fallback(o, mt) != NONE then return o; end;
  end;
  return MAX_PAGE_ORDER + 1;
end;

/* No list of the type that is asked for can serve. */
function needs_fallback(low: order_t; mt: migratetype_t): boolean;
begin
  return smallest_order(low, mt) = MAX_PAGE_ORDER + 1;
end;

/* After all free pages of a pageblock went to one list, which had none that serves: which
 * of them the smallest is. */
function is_smallest_in(block: pageblock_t; p: pfn_t; low: order_t): boolean;
begin
  return page[p].use = BUDDY & pageblock(p) = block & page[p].order >= low
       & forall i: real_pfn_t do
           page[i].use != BUDDY | pageblock(i) != block
           | page[i].order < low | page[i].order >= page[p].order
         end;
end;

/* Free units of a pageblock; a buddy counts where it starts. */
function free_in(block: pageblock_t): pfn_t;
var sum: pfn_t;
begin
  sum := 0;
  for i := block * PAGEBLOCK_NR to (block + 1) * PAGEBLOCK_NR - 1 do
    if page[i].use = BUDDY then sum := sum + nr(page[i].order); end;
  end;
  return sum;
end;

#ifdef COUNTS_ISOLATED
/* A count that is too high stays so: nobody will count down what was overwritten. */
procedure spin_unlock();
var isolated: pageblock_t;
begin
  isolated := 0;
  for i: real_pageblock_t do
    if migratetype[i] = ISOLATE then isolated := isolated + 1; end;
  end;
  if nr_isolate_pageblock > isolated then nr_isolate_pageblock := PAGEBLOCKS + 1; end;
end;
#else
#define spin_unlock() /* nothing to note */
#endif

startstate "boot"
begin
  for i: real_pageblock_t do migratetype[i] := MOVABLE; end;
  for i: real_pfn_t do
    remove(i);
    if i % CHUNK_NR = 0 then add_to_free_list(i, MAX_PAGE_ORDER, MOVABLE); end;
  end;
#ifdef COUNTS_ISOLATED
  nr_isolate_pageblock := 0;
#endif
  pc := IDLE;
  undefine start;
  undefine end_;
  undefine b;
  undefine stop;
  undefine pfn;
  undefine seen;
end;

/* ---- any CPU, at any time ---- */

ruleset low: real_order_t; mt: asked_t; p: real_pfn_t; pinned: boolean do
  rule "__rmqueue_smallest"
    may_be(low, pinned) & may_rmqueue_smallest(p, low, mt)
  ==>
  begin
    page_del_and_expand(p, low, mt);
    prep_new_page(p, low, pinned);
    spin_unlock();
  end;
end;

ruleset p: real_pfn_t do
  rule "put_page: the last reference"
    page[p].use = PINNED
  ==>
  begin
    page[p].use := MIGRATABLE;
    spin_unlock();
  end;
end;
