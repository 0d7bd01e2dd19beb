/* isolate_single_pageblock() up to 6.9, and in hygiene-v2: mark in one hold; then a scan
 * without the lock for a free page that crosses the boundary; its split in another hold. */

procedure move_freepages_block_isolate(block: pageblock_t; mt: migratetype_t);
begin
  move_freepages_block(block, mt);
  migratetype[block] := mt;
end;

#define SCANS
#include "isolate_range.m"

function boundary(): pfn_t;
begin
  return (pc = SCAN_FIRST | pc = SPLIT_FIRST ? start : end_) * PAGEBLOCK_NR;
end;

/* One page at a time; any page that is not free is passed unit by unit. */
rule "scan"
  pc = SCAN_FIRST | pc = SCAN_LAST
==>
var next: pfn_t;
begin
  next := pfn + (page[pfn].use = BUDDY ? nr(page[pfn].order) : 1);
  if page[pfn].use = BUDDY & next > boundary() then
    seen := page[pfn].order;
    pc := pc = SCAN_FIRST ? SPLIT_FIRST : SPLIT_LAST;
  elsif next >= boundary() then
    after_scan();
  else
    pfn := next;
  end;
  spin_unlock();
end;

/* The largest order that is aligned at p and no longer than what is left. */
function piece_order(p: pfn_t; left: pfn_t): order_t;
begin
  for o := MAX_PAGE_ORDER to MIN_ORDER by -1 do
    if p % nr(o) = 0 & nr(o) <= left then return o; end;
  end;
  return MIN_ORDER;
end;

procedure free_pieces(from: pfn_t; to_: pfn_t);
var at: pfn_t; order: order_t;
begin
  at := from;
  while at < to_ do
    order := piece_order(at, to_ - at);
    free_one_page(at, order, get_pageblock_migratetype(at));
    at := at + nr(order);
  end;
end;

/* No longer free, or of another order: look at the same pfn again. */
rule "split_free_page"
  pc = SPLIT_FIRST | pc = SPLIT_LAST
==>
begin
  if is_buddy(pfn, seen) then
    del_page_from_free_list(pfn);
    free_pieces(pfn, boundary());
    free_pieces(boundary(), pfn + nr(seen));
    after_scan();
  else
    pc := pc = SPLIT_FIRST ? SCAN_FIRST : SCAN_LAST;
    undefine seen;
  end;
  spin_unlock();
end;
