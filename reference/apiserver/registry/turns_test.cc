#include "reference/apiserver/registry/turns.h"

#include <gtest/gtest.h>

#include <vector>

namespace plumb::apiserver::test {
namespace {

TEST(Turns, EachStartsWhenTheOneBeforeHasLeft) {
  Turns turns;
  std::vector<int> started;
  for (const int who : {1, 2, 3}) turns.enter("key", [&started, who] { started.push_back(who); });
  turns.enter("other", [&started] { started.push_back(9); });
  EXPECT_EQ(started, (std::vector<int>{1, 9}));
  EXPECT_TRUE(turns.contended("key"));
  turns.leave("key");
  turns.leave("key");
  EXPECT_EQ(started, (std::vector<int>{1, 9, 2, 3}));
  turns.leave("key");
  EXPECT_FALSE(turns.contended("key"));
}

TEST(Turns, ThoseThatEndAtOnceDoNotPileUpOnTheStack) {
  Turns turns;
  constexpr int waiting = 200'000;
  int ended = 0;
  turns.enter("key", [] {});
  for (int i = 0; i < waiting; ++i)
    turns.enter("key", [&] {
      ++ended;
      turns.leave("key");
    });
  turns.leave("key");
  EXPECT_EQ(ended, waiting);
  EXPECT_FALSE(turns.contended("key"));
}

}  // namespace
}  // namespace plumb::apiserver::test
