#include "reference/controllers/persistentvolumeclaimprotection/decide.h"

#include <gtest/gtest.h>

namespace plumb::controllers::persistentvolumeclaimprotection {
namespace {

// What the API server answers counts, not the cache.
struct LetGoTest : ::testing::Test {
  std::shared_ptr<corev1::PersistentVolumeClaim> claim = std::make_shared<corev1::PersistentVolumeClaim>();
  std::shared_ptr<corev1::Pod> user = std::make_shared<corev1::Pod>();

  void SetUp() override {
    claim->metadata.namespace_ = user->metadata.namespace_ = "default";
    claim->metadata.name = "c";
    claim->metadata.finalizers.push_back(finalizer);
    claim->metadata.deletionTimestamp = api::Time::from(WallTime(std::chrono::seconds(1)));
    user->spec.nodeName = "n";
    user->spec.volumes.emplace_back().volumeSource.persistentVolumeClaim.ensure().claimName = "c";
  }
  Plan after(std::vector<ObjectPtr> pods) {
    const Plan plan = decide(claim, {});
    EXPECT_EQ(plan.stages.size(), 1u);
    EXPECT_TRUE(plan.stages[0].actions[0].list);
    Outcome outcome;
    outcome.answers.emplace_back().items = std::move(pods);
    return plan.then(outcome);
  }
};

TEST_F(LetGoTest, WithoutPodsItGoes) { EXPECT_EQ(after({}).stages.size(), 1u); }
TEST_F(LetGoTest, APodThatTheCacheDidNotShowHoldsIt) { EXPECT_TRUE(after({user}).stages.empty()); }
TEST_F(LetGoTest, APodWithoutANodeDoesNot) {
  user->spec.nodeName.reset();
  EXPECT_EQ(after({user}).stages.size(), 1u);
}
TEST_F(LetGoTest, NothingIsAskedWhereTheCacheShowsAUser) { EXPECT_TRUE(decide(claim, {user}).stages.empty()); }

}  // namespace
}  // namespace plumb::controllers::persistentvolumeclaimprotection
