/* start_isolate_page_range(start, end) and undo_isolate_page_range(), the same in all
 * designs: the first pageblock, the last one, then those in the middle. */

function has_unmovable_pages(block: pageblock_t): boolean;
begin
  return exists p: real_pfn_t do page[p].use = PINNED & pageblock(p) = block end;
end;

/* 0 or -EBUSY, as true or false. */
function may_isolate(block: pageblock_t): boolean;
begin
  return migratetype[block] != ISOLATE & !has_unmovable_pages(block);
end;

/* unset_migratetype_isolate(): a buddy that starts here, whose own buddy is free and not
 * isolated, is freed again to be merged. */
function is_to_be_merged(block: pageblock_t): boolean;
var p: pfn_t;
begin
  p := block * PAGEBLOCK_NR;
  if page[p].use != BUDDY then return false; end;
  if page[p].order < pageblock_order | page[p].order = MAX_PAGE_ORDER then return false; end;
  return is_buddy(find_buddy(p, page[p].order), page[p].order)
       & get_pageblock_migratetype(find_buddy(p, page[p].order)) != ISOLATE;
end;

/* __isolate_free_page(): the mergeable pageblocks under it become MOVABLE. */
procedure isolate_free_page(p: pfn_t; order: order_t);
begin
  del_page_from_free_list(p);
  for i := pageblock(p) to pageblock(p + nr(order) - 1) do
    if mergeable(migratetype[i]) then
#ifdef ISOLATE_FREE_PAGE_MOVES
      move_freepages_block(i, MOVABLE);
#endif
      migratetype[i] := MOVABLE;
    end;
  end;
end;

procedure unset_migratetype_isolate(block: pageblock_t);
var p: pfn_t; order: order_t;
begin
  if migratetype[block] = ISOLATE then
    if is_to_be_merged(block) then
      p := block * PAGEBLOCK_NR;
      order := page[p].order;
      isolate_free_page(p, order);
      migratetype[block] := MOVABLE;
      free_one_page(p, order, MOVABLE);
    else
      move_freepages_block_isolate(block, MOVABLE);
    end;
#ifdef COUNTS_ISOLATED
    if nr_isolate_pageblock != PAGEBLOCKS + 1 then
      nr_isolate_pageblock := nr_isolate_pageblock - 1;
    end;
#endif
  end;
end;

procedure set_migratetype_isolate(block: pageblock_t);
begin
  move_freepages_block_isolate(block, ISOLATE);
#ifdef COUNTS_ISOLATED
  if nr_isolate_pageblock != PAGEBLOCKS + 1 then
    nr_isolate_pageblock := nr_isolate_pageblock + 1;
  end;
#endif
end;

/* What the caller remembers: its range for as long as it may need it, and no more. */
procedure idle();
begin
  pc := IDLE;
  undefine start;
  undefine end_;
  undefine b;
  undefine stop;
end;

/* offline_pages() ends when the start has failed; alloc_contig_range() undoes its range. */
procedure failed(undoes: boolean; from: pageblock_t; to_: pageblock_t);
begin
  idle();
  if undoes then
    pc := UNDO_ALL;
    b := from;
    stop := to_;
  end;
end;

procedure go(where: pc_t; block: pageblock_t; until: pageblock_t);
begin
  pc := where;
  b := block;
  stop := until;
end;

procedure to_middle(block: pageblock_t);
begin
  if block < end_ - 1 then
    pc := MARK_MIDDLE;
    b := block;
    undefine stop;
  else
    go(ISOLATED, start, end_);
  end;
end;

#ifdef SCANS
/* A page crosses a boundary only inside a largest-order chunk: no scan elsewhere. */
function crossable(boundary: pageblock_t): boolean;
begin
  return (boundary * PAGEBLOCK_NR) % CHUNK_NR != 0;
end;

function chunk_start(block: pageblock_t): pfn_t;
begin
  return block * PAGEBLOCK_NR - (block * PAGEBLOCK_NR) % CHUNK_NR;
end;

procedure look_at_last();
begin
  undefine pfn;
  if crossable(end_) then
    pc := SCAN_LAST;
    pfn := chunk_start(end_ - 1);
  else
    to_middle(start + 1);
  end;
end;

procedure after_scan();
begin
  undefine seen;
  if pc = SCAN_FIRST | pc = SPLIT_FIRST then
    undefine pfn;
    if end_ = start + 1 then look_at_last(); else pc := MARK_LAST; end;
  else
    undefine pfn;
    to_middle(start + 1);
  end;
end;

procedure after_mark_first();
begin
  pc := SCAN_FIRST;
  if crossable(start) then pfn := chunk_start(start); else after_scan(); end;
end;

procedure after_mark_last();
begin
  look_at_last();
end;
#else
procedure after_mark_first();
begin
  if end_ = start + 1 then to_middle(start + 1); else pc := MARK_LAST; end;
end;

procedure after_mark_last();
begin
  to_middle(start + 1);
end;
#endif

ruleset from: real_pageblock_t; length: 1 .. PAGEBLOCKS; undoes: boolean do
  rule "set_migratetype_isolate: the first"
    pc = IDLE & from + length <= PAGEBLOCKS & (!undoes | !may_isolate(from))
  ==>
  begin
    if may_isolate(from) then
      set_migratetype_isolate(from);
      start := from;
      end_ := from + length;
      after_mark_first();
    else
      failed(undoes, from, from + length);
    end;
    spin_unlock();
  end;
end;

rule "set_migratetype_isolate: the last"
  pc = MARK_LAST
==>
begin
  if may_isolate(end_ - 1) then
    set_migratetype_isolate(end_ - 1);
    after_mark_last();
  else
    go(FAIL_FIRST, start, start + 1);
  end;
  spin_unlock();
end;

rule "set_migratetype_isolate: in the middle"
  pc = MARK_MIDDLE
==>
begin
  if may_isolate(b) then
    set_migratetype_isolate(b);
    to_middle(b + 1);
  else
    go(FAIL_UNDO, start, b);
  end;
  spin_unlock();
end;

rule "undo_isolate_page_range"
  pc = ISOLATED | pc = UNDO | pc = FAIL_UNDO | pc = UNDO_ALL
==>
begin
  unset_migratetype_isolate(b);
  if pc = ISOLATED then pc := UNDO; end;
  if b + 1 < stop then
    b := b + 1;
  elsif pc = FAIL_UNDO then
    go(FAIL_LAST, end_ - 1, end_);
  else
    idle();
  end;
  spin_unlock();
end;

ruleset undoes: boolean do
  rule "a failed start gives its first, or its last, pageblock back"
    pc = FAIL_FIRST | pc = FAIL_LAST
  ==>
  begin
    unset_migratetype_isolate(b);
    failed(undoes, start, end_);
    spin_unlock();
  end;
end;
