/* Linux 6.5: the type of a freed page is read without the lock, merging retypes nothing. */
#define COUNTS_ISOLATED
#include "zone.m"

/* ---- allocation: steal_suitable_fallback(), then the smallest once more ---- */

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

function moves_block(p: pfn_t; mt: migratetype_t): boolean;
begin
  return page[p].order < pageblock_order & can_steal_fallback(page[p].order, mt);
end;

ruleset low: real_order_t; mt: asked_t; p: real_pfn_t; pinned: boolean do
  rule "steal_suitable_fallback: whole pageblocks, or this page alone"
    may_be(low, pinned) & may_fall_back(p, low, mt) & !moves_block(p, mt)
  ==>
  begin
    if page[p].order >= pageblock_order then
      change_pageblock_range(p, page[p].order, mt);
    end;
    page_del_and_expand(p, low, mt);
    prep_new_page(p, low, pinned);
    spin_unlock();
  end;
end;

/* Half a pageblock of free pages: its type changes too; with fewer, movable pages decide. */
ruleset low: real_order_t; mt: asked_t; found: real_pfn_t; p: real_pfn_t; claims: boolean;
        pinned: boolean do
  rule "steal_suitable_fallback: the free pages of a pageblock"
    may_be(low, pinned) & pageblock(found) = pageblock(p)
    & may_fall_back(found, low, mt) & moves_block(found, mt)
    & (claims | 2 * free_in(pageblock(found)) < PAGEBLOCK_NR)
    & is_smallest_in(pageblock(found), p, low)
  ==>
  begin
    move_freepages_block(pageblock(found), mt);
    if claims then migratetype[pageblock(found)] := mt; end;
    page_del_and_expand(p, low, mt);
    prep_new_page(p, low, pinned);
    spin_unlock();
  end;
end;

/* ---- freeing ---- */

ruleset p: real_pfn_t do
  rule "__free_pages_ok: the type, read without the lock"
    page[p].use = PINNED | page[p].use = MIGRATABLE
  ==>
  begin
    page[p].use := FREEING;
    page[p].mt := get_pageblock_migratetype(p);
    spin_unlock();
  end;

  rule "free_one_page: read again if any pageblock is isolated"
    page[p].use = FREEING
  ==>
  var order: order_t; mt: migratetype_t;
  begin
    order := page[p].order;
    mt := page[p].mt;
    if nr_isolate_pageblock > 0 | mt = ISOLATE then mt := get_pageblock_migratetype(p); end;
    remove(p);
    free_one_page(p, order, mt);
    spin_unlock();
  end;
end;

#include "scan.m"
