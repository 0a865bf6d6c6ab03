#include "perf/object_pool.h"

#include <gtest/gtest.h>

namespace plumb::perf {
namespace {

void make(ObjectPool& pool, int count) {
  for (int i = 0; i < count; ++i) pool.created(pool.begin_create());
}

TEST(ObjectPool, RemovesTheOldestFirst) {
  ObjectPool pool(1);
  make(pool, 3);
  EXPECT_EQ(pool.begin_remove(), 0u);
  EXPECT_EQ(pool.begin_remove(), 1u);
  EXPECT_EQ(pool.begin_remove(), 2u);
  EXPECT_EQ(pool.begin_remove(), std::nullopt);
}

TEST(ObjectPool, WhatIsInUseIsNotRemoved) {
  ObjectPool pool(1);
  make(pool, 3);
  EXPECT_EQ(pool.use_in_turn(0), 0u);
  EXPECT_EQ(pool.use_in_turn(0), 0u);
  EXPECT_EQ(pool.begin_remove(), 1u);
  EXPECT_EQ(pool.use_in_turn(1), 2u) << "those that are left keep their order";
  EXPECT_EQ(pool.begin_remove(), std::nullopt);
  pool.end_use(0);
  EXPECT_EQ(pool.begin_remove(), std::nullopt) << "the second user is still there";
  pool.end_use(0);
  EXPECT_EQ(pool.begin_remove(), 0u);
}

TEST(ObjectPool, TurnsGoRound) {
  ObjectPool pool(1);
  make(pool, 3);
  pool.begin_remove();
  for (std::uint64_t turn = 0; turn < 6; ++turn) EXPECT_EQ(pool.use_in_turn(turn), 1 + turn % 2);
}

TEST(ObjectPool, WhatIsBeingRemovedIsNotUsed) {
  ObjectPool pool(1);
  make(pool, 1);
  ASSERT_EQ(pool.begin_remove(), 0u);
  EXPECT_EQ(pool.use_any(), std::nullopt);
  EXPECT_EQ(pool.use_in_turn(0), std::nullopt);
  pool.remove_failed(0);
  EXPECT_EQ(pool.use_any(), 0u);
}

TEST(ObjectPool, CountsWhatBecameOfEach) {
  ObjectPool pool(1);
  make(pool, 3);
  pool.begin_create();
  pool.create_failed();
  pool.begin_remove();
  pool.removed();
  const harness::ObjectCount count = pool.count();
  EXPECT_EQ(count.made, 3u);
  EXPECT_EQ(count.failed, 1u);
  EXPECT_EQ(count.removed, 1u);
  EXPECT_EQ(count.left, 2u);
}

}  // namespace
}  // namespace plumb::perf
