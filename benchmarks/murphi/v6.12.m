/* Linux 6.12.107: mark and split in one hold, large pages freed in pageblock pieces. */
#define MERGE_RETYPES_ALL
#define ISOLATE_FREE_PAGE_MOVES
#include "zone.m"

/* ---- allocation: __rmqueue_claim(), then __rmqueue_steal() ---- */

/* Nothing larger that has to be claimed: below pageblock_order the page at the head of the
 * list may be one that cannot be claimed, and the order is passed over then. */
function passed_over(order: order_t; mt: migratetype_t): boolean;
begin
  return forall o: real_order_t do
      o <= order | o < pageblock_order | find_fallback(o, mt) = NONE
    end;
end;

function may_claim(p: pfn_t; low: order_t; mt: migratetype_t): boolean;
begin
  return page[p].use = BUDDY & page[p].order >= low
       & page[p].mt = find_fallback(page[p].order, mt)
       & needs_fallback(low, mt)
       & can_steal_fallback(page[p].order, mt)
       & passed_over(page[p].order, mt);
end;

function may_steal(p: pfn_t; low: order_t; mt: migratetype_t): boolean;
begin
  return page[p].use = BUDDY & page[p].order >= low
       & page[p].mt = find_fallback(page[p].order, mt)
       & page[p].order = smallest_fallback_order(low, mt)
       & needs_fallback(low, mt)
       & (low >= pageblock_order ? largest_fallback_order(low, mt) = MAX_PAGE_ORDER + 1
                                 : passed_over(pageblock_order - 1, mt));
end;

ruleset low: real_order_t; mt: asked_t; p: real_pfn_t; pinned: boolean do
  rule "try_to_claim_block: whole pageblocks"
    may_be(low, pinned) & may_claim(p, low, mt) & page[p].order >= pageblock_order
  ==>
  begin
    change_pageblock_range(p, page[p].order, mt);
    page_del_and_expand(p, low, mt);
    prep_new_page(p, low, pinned);
    spin_unlock();
  end;

  rule "__rmqueue_steal: the rest stays on its own list"
    may_be(low, pinned) & may_steal(p, low, mt)
  ==>
  begin
    page_del_and_expand(p, low, page[p].mt);
    prep_new_page(p, low, pinned);
    spin_unlock();
  end;
end;

/* Claim the pageblock of `found`, then take the smallest that serves. */
ruleset low: real_order_t; mt: asked_t; found: real_pfn_t; p: real_pfn_t; pinned: boolean do
  rule "try_to_claim_block: the free pages of a pageblock"
    may_be(low, pinned) & pageblock(found) = pageblock(p)
    & may_claim(found, low, mt) & page[found].order < pageblock_order
    & is_smallest_in(pageblock(found), p, low)
  ==>
  begin
    move_freepages_block(pageblock(found), mt);
    migratetype[pageblock(found)] := mt;
    page_del_and_expand(p, low, mt);
    prep_new_page(p, low, pinned);
    spin_unlock();
  end;
end;

/* ---- freeing: free_one_page(), in pieces ---- */

ruleset p: real_pfn_t do
  rule "free_one_page"
    page[p].use = PINNED | page[p].use = MIGRATABLE
  ==>
  var order: order_t;
  begin
    order := page[p].order;
    remove(p);
    split_large_buddy(p, order);
    spin_unlock();
  end;
end;

/* ---- isolation ---- */

/* The free buddy that covers a pageblock's first page, or that page. */
function find_large_buddy(first: pfn_t): pfn_t;
var p: pfn_t;
begin
  for o := pageblock_order to MAX_PAGE_ORDER do
    p := first - first % nr(o);
    if page[p].use = BUDDY then
      return p + nr(page[p].order) > first ? p : first;
    end;
  end;
  return first;
end;

procedure move_freepages_block_isolate(block: pageblock_t; mt: migratetype_t);
var p: pfn_t; order: order_t;
begin
  p := find_large_buddy(block * PAGEBLOCK_NR);
  if pageblock_order != MAX_PAGE_ORDER & page[p].use = BUDDY & page[p].order > pageblock_order then
    order := page[p].order;
    del_page_from_free_list(p);
    migratetype[block] := mt;
    split_large_buddy(p, order);
  else
    move_freepages_block(block, mt);
    migratetype[block] := mt;
  end;
end;

#include "isolate_range.m"
