/* The series of September 2023: types at list level, isolation in two holds. */
#define MERGE_RETYPES_FIRST
#include "zone.m"

/* ---- allocation: claim, or take this page and leave the rest where it is ---- */

/* The largest order first; movable pages switch to the smallest if it cannot be stolen. */
function may_fall_back(p: pfn_t; low: order_t; mt: migratetype_t): boolean;
var largest: order_t;
begin
  if page[p].use != BUDDY then return false; end;
  if page[p].order < low | page[p].mt != find_fallback(page[p].order, mt) then return false; end;
  if !needs_fallback(low, mt) then return false; end;
  largest := largest_fallback_order(low, mt);
  if mt = MOVABLE & !can_steal_fallback(largest, mt) then
    return page[p].order = smallest_fallback_order(low, mt);
  end;
  return page[p].order = largest;
end;

/* Half a pageblock of free pages suffices; movable pages count too, and are not modelled. */
function must_claim(p: pfn_t): boolean;
begin
  return page[p].order >= pageblock_order | 2 * free_in(pageblock(p)) >= PAGEBLOCK_NR;
end;

ruleset low: real_order_t; mt: asked_t; p: real_pfn_t; pinned: boolean do
  rule "steal_suitable_fallback: claim"
    may_be(low, pinned) & may_fall_back(p, low, mt) & can_steal_fallback(page[p].order, mt)
  ==>
  begin
    if page[p].order >= pageblock_order then
      change_pageblock_range(p, page[p].order, mt);
    else
      move_freepages_block(pageblock(p), mt);
      migratetype[pageblock(p)] := mt;
    end;
    page_del_and_expand(p, low, mt);
    prep_new_page(p, low, pinned);
    spin_unlock();
  end;

  rule "steal_suitable_fallback: take the page"
    may_be(low, pinned) & may_fall_back(p, low, mt)
    & !(can_steal_fallback(page[p].order, mt) & must_claim(p))
  ==>
  begin
    page_del_and_expand(p, low, get_pageblock_migratetype(p));
    prep_new_page(p, low, pinned);
    spin_unlock();
  end;
end;

/* ---- freeing: whole, with the type of the first pageblock, read under the lock ---- */

ruleset p: real_pfn_t do
  rule "free_one_page"
    page[p].use = PINNED | page[p].use = MIGRATABLE
  ==>
  var order: order_t;
  begin
    order := page[p].order;
    remove(p);
    free_one_page(p, order, get_pageblock_migratetype(p));
    spin_unlock();
  end;
end;

#include "scan.m"
