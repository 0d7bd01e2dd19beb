/* Linux 6.12.107's page allocator and page isolation, one caller of
 * start_isolate_page_range(), for spin.  A pfn counts units of 2^MIN_ORDER pages; one
 * atomic step is one hold of zone->lock.  A choice that leads nowhere leaves all as it was.
 * PFNS is all units of the zone: spin wants the size of an array as a plain number. */
#define PB_NR (1 << (PAGEBLOCK_ORDER - MIN_ORDER))
#define CHUNK_NR (1 << (MAX_PAGE_ORDER - MIN_ORDER))
#define NR(o) (1 << ((o) - MIN_ORDER))
#define PB(p) ((p) / PB_NR)
#define P PAGEBLOCK_ORDER
#define X MAX_PAGE_ORDER

#define UNMOVABLE 0
#define MOVABLE 1
#define RECLAIMABLE 2
#define ISOLATE 3
#define NONE 255
#define MERGEABLE(mt) ((mt) <= RECLAIMABLE)

#define NOTHING 0
#define BUDDY 1
#define PINNED 2
#define MIGRATABLE 3

#define IDLE 0
#define LAST 1
#define MIDDLE 2
#define ISOLATED 3
#define UNDO 4
#define FAIL_FIRST 5
#define FAIL_UNDO 6
#define FAIL_LAST 7
#define UNDO_ALL 8

byte type[PAGEBLOCKS];
byte use[PFNS];              /* what starts at a pfn, its order, and the list it is on */
byte order[PFNS];
byte list[PFNS];
byte pc, start, end, b, stop;

/* No part of the state: scratch, and choices, which nothing but choose() assigns, as spin
 * goes back to them. */
hidden byte i, j, o, at, oo, buddy, till, piece, so, top, found, fb, p1, b1, ok;
hidden byte low, mt, page, kind, steals, from, until_;

inline put(p_, o_, mt_) { use[p_] = BUDDY; order[p_] = o_; list[p_] = mt_ }
inline take(p_) { use[p_] = NOTHING; order[p_] = 0; list[p_] = 0 }

inline retype(p_, o_, mt_) {
  for (i : PB(p_) .. PB(p_ + NR(o_) - 1)) { type[i] = mt_ }
}

/* __free_one_page(at, oo, mt_); mt_ is read once, before anything is retyped. */
inline free_one(mt_) {
  do
  :: oo == X -> break
  :: else ->
     buddy = at ^ NR(oo);
     if
     :: use[buddy] != BUDDY || order[buddy] != oo -> break
     :: oo >= P && type[PB(buddy)] != mt_ && !(MERGEABLE(mt_) && MERGEABLE(type[PB(buddy)])) -> break
     :: else
     fi;
     take(buddy);
     if
     :: oo >= P && type[PB(buddy)] != mt_ -> retype(buddy, oo, mt_)
     :: else
     fi;
     at = at & buddy;
     oo++
  od;
  put(at, oo, mt_)
}

/* split_large_buddy(p_, o_) */
inline split_large(p_, o_) {
  piece = (o_ < P -> o_ : P);
  till = p_ + NR(o_);
  j = p_;
  do
  :: j >= till -> break
  :: else -> at = j; oo = piece; fb = type[PB(j)]; free_one(fb); j = j + NR(piece)
  od
}

inline move(b_, mt_) {
  for (i : (b_) * PB_NR .. ((b_) + 1) * PB_NR - 1) {
    if
    :: use[i] == BUDDY -> list[i] = mt_
    :: else
    fi
  }
}

/* page_del_and_expand(), and the page is its caller's */
inline cut(p_, mt_) {
  oo = order[p_];
  take(p_);
  do
  :: oo == low -> break
  :: else -> oo--; put(p_ + NR(oo), oo, mt_)
  od;
  use[p_] = kind;
  order[p_] = low
}

/* so: the smallest order from low on that has a buddy on the list, or NONE */
inline smallest(mt_) {
  so = NONE;
  for (i : 0 .. PFNS - 1) {
    if
    :: use[i] == BUDDY && list[i] == mt_ && order[i] >= low && order[i] < so -> so = order[i]
    :: else
    fi
  }
}

/* fb: the first fallback type that has a buddy of this order, or NONE */
inline fallback(o_) {
  fb = NONE;
  for (i : 0 .. PFNS - 1) {
    if
    :: use[i] == BUDDY && order[i] == o_ && list[i] == RECLAIMABLE -> fb = RECLAIMABLE
    :: use[i] == BUDDY && order[i] == o_ && list[i] == 1 - mt && fb == NONE -> fb = 1 - mt
    :: else
    fi
  }
}

/* so: the smallest order from low on with a fallback; top: the largest */
inline fallback_orders() {
  so = NONE;
  top = 0;
  for (o : low .. X) {
    fallback(o);
    if
    :: fb != NONE -> top = o; if :: so == NONE -> so = o :: else fi
    :: else
    fi
  }
}

inline choose(v_, from_, to_) {
  v_ = from_;
  do
  :: v_ < to_ -> v_++
  :: break
  od
}

/* __rmqueue(low, mt), `page` at the head of its list.  Below P the head may be a page that
 * cannot be claimed: then a lower order is tried, and in the end the smallest is stolen. */
inline alloc() {
  choose(low, MIN_ORDER, X);
  choose(mt, UNMOVABLE, MOVABLE);
  choose(page, 0, PFNS - 1);
  choose(kind, PINNED, MIGRATABLE);
  choose(steals, 0, 1);
  d_step {
    ok = use[page] == BUDDY && order[page] >= low && (kind == PINNED || low <= P);
    if
    :: !ok
    :: else ->
       smallest(mt);
       if
       :: so != NONE ->
          if
          :: !steals && list[page] == mt && order[page] == so -> cut(page, mt)
          :: else
          fi
       :: else ->
          fallback_orders();
          fallback(order[page]);
          if
          :: top >= P && !steals && order[page] == top && list[page] == fb ->
             retype(page, top, mt); cut(page, mt)
          :: top < P && steals && order[page] == so && list[page] == fb ->
             fb = list[page]; cut(page, fb)
          :: top < P && !steals ->
             /* any pageblock that holds the head of a fallback list may have been claimed:
              * the page is the smallest of those in it that serve */
             b1 = PB(page);
             ok = 0;
             for (j : b1 * PB_NR .. (b1 + 1) * PB_NR - 1) {
               if
               :: use[j] == BUDDY && order[j] >= low ->
                  fallback(order[j]);
                  if
                  :: list[j] == fb && (order[j] >= P / 2 || mt != MOVABLE) -> ok = 1
                  :: else
                  fi
               :: else
               fi
             }
             for (j : b1 * PB_NR .. (b1 + 1) * PB_NR - 1) {
               if
               :: use[j] == BUDDY && order[j] >= low && order[j] < order[page] -> ok = 0
               :: else
               fi
             }
             if
             :: ok -> move(b1, mt); type[b1] = mt; cut(page, mt)
             :: else
             fi
          :: else
          fi
       fi
    fi
  }
}

inline put_page() {
  choose(page, 0, PFNS - 1);
  if
  :: use[page] == PINNED -> use[page] = MIGRATABLE
  :: else
  fi
}

inline free() {
  choose(page, 0, PFNS - 1);
  d_step {
    if
    :: use[page] >= PINNED -> oo = order[page]; take(page); o = oo; split_large(page, o)
    :: else
    fi
  }
}

/* ok: set_migratetype_isolate() does not return -EBUSY */
inline may_isolate(b_) {
  ok = type[b_] != ISOLATE;
  for (i : (b_) * PB_NR .. ((b_) + 1) * PB_NR - 1) { ok = ok && use[i] != PINNED }
}

/* move_freepages_block_isolate(b_, mt_) */
inline isolate(b_, mt_) {
  found = NONE;
  for (o : P .. X) {
    p1 = (b_) * PB_NR;
    p1 = p1 - p1 % NR(o);
    if
    :: found == NONE && use[p1] == BUDDY -> found = p1
    :: else
    fi
  }
  if
  :: found != NONE && order[found] > P && found + NR(order[found]) > (b_) * PB_NR ->
     o = order[found];
     take(found);
     type[b_] = mt_;
     split_large(found, o)
  :: else -> move(b_, mt_); type[b_] = mt_
  fi
}

/* unset_migratetype_isolate(b) */
inline unset() {
  if
  :: type[b] != ISOLATE
  :: else ->
     p1 = b * PB_NR;
     o = order[p1];
     ok = use[p1] == BUDDY && o >= P && o < X;
     if
     :: ok -> buddy = p1 ^ NR(o);
        ok = use[buddy] == BUDDY && order[buddy] == o && type[PB(buddy)] != ISOLATE
     :: else
     fi;
     if
     :: ok ->
        take(p1);
        for (j : PB(p1) .. PB(p1 + NR(o) - 1)) {
          if
          :: MERGEABLE(type[j]) -> move(j, MOVABLE); type[j] = MOVABLE
          :: else
          fi
        }
        type[b] = MOVABLE;
        at = p1;
        oo = o;
        free_one(MOVABLE)
     :: else -> isolate(b, MOVABLE)
     fi
  fi
}

inline go(pc_, b_, stop_) { pc = pc_; b = b_; stop = stop_ }
inline middle(b_) {
  if
  :: b_ < end - 1 -> go(MIDDLE, b_, 0)
  :: else -> go(ISOLATED, start, end)
  fi
}
inline idle() { pc = IDLE; start = 0; end = 0; b = 0; stop = 0 }

/* kind: whether the caller undoes its whole range after a failed start */
inline failed(from_, to_) {
  at = from_;
  till = to_;
  idle();
  if
  :: kind == PINNED -> go(UNDO_ALL, at, till)
  :: else
  fi
}

inline first() {
  choose(from, 0, PAGEBLOCKS - 1);
  choose(until_, 1, PAGEBLOCKS);
  choose(kind, PINNED, MIGRATABLE);
  d_step {
    if
    :: from >= until_
    :: else ->
       may_isolate(from);
       if
       :: ok ->
          isolate(from, ISOLATE);
          start = from;
          end = until_;
          if
          :: end == start + 1 -> middle(end)
          :: else -> pc = LAST
          fi
       :: else -> failed(from, until_)
       fi
    fi
  }
}

inline last() {
  d_step {
    b1 = end - 1;
    may_isolate(b1);
    if
    :: ok -> isolate(b1, ISOLATE); b1 = start + 1; middle(b1)
    :: else -> go(FAIL_FIRST, start, start + 1)
    fi
  }
}

inline in_the_middle() {
  d_step {
    b1 = b;
    may_isolate(b1);
    if
    :: ok -> isolate(b1, ISOLATE); b1 = b1 + 1; middle(b1)
    :: else -> go(FAIL_UNDO, start, b1)
    fi
  }
}

inline undo() {
  d_step {
    unset();
    if
    :: pc == ISOLATED -> pc = UNDO
    :: else
    fi;
    if
    :: b + 1 < stop -> b++
    :: else ->
       if
       :: pc == FAIL_UNDO -> go(FAIL_LAST, end - 1, end)
       :: else -> idle()
       fi
    fi
  }
}

inline give_back() {
  choose(kind, PINNED, MIGRATABLE);
  d_step { unset(); failed(start, end) }
}

init {
  d_step {
    for (i : 0 .. PAGEBLOCKS - 1) { type[i] = MOVABLE }
    i = 0;
    do
    :: i >= PFNS -> break
    :: else -> put(i, X, MOVABLE); i = i + CHUNK_NR
    od
  }
  do
  :: atomic { true -> alloc() }
  :: atomic { true -> put_page() }
  :: atomic { true -> free() }
  :: atomic { pc == IDLE -> first() }
  :: atomic { pc == LAST -> last() }
  :: atomic { pc == MIDDLE -> in_the_middle() }
  :: atomic { pc == ISOLATED || pc == UNDO || pc == FAIL_UNDO || pc == UNDO_ALL -> undo() }
  :: atomic { pc == FAIL_FIRST || pc == FAIL_LAST -> give_back() }
  od
}
