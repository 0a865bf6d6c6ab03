#include "reference/controllers/persistentvolumebinder/decide.h"

#include <gtest/gtest.h>

namespace plumb::controllers::persistentvolumebinder {
namespace {

// Before a volume is given up, the claim that the cache does not show is asked for.
struct ReleaseTest : ::testing::Test {
  std::shared_ptr<corev1::PersistentVolume> volume = std::make_shared<corev1::PersistentVolume>();
  std::shared_ptr<corev1::PersistentVolumeClaim> claim = std::make_shared<corev1::PersistentVolumeClaim>();
  Surroundings around;

  void SetUp() override {
    volume->metadata.name = "v";
    volume->status.phase = corev1::VolumeBound;
    auto& named = volume->spec.claimRef.ensure();
    named.namespace_ = "default";
    named.name = "c";
    named.uid = "1";
    claim->metadata.uid = "1";
    around.claim = [](std::string_view) { return ClaimPtr(); };
  }
  Plan after(Result<ObjectPtr> answer) {
    const Plan plan = sync_volume(volume, around, {});
    EXPECT_EQ(plan.stages.size(), 1u);
    EXPECT_EQ(plan.stages[0].actions[0].request.verb, informer::Verb::get);
    Outcome outcome;
    Answer& told = outcome.answers.emplace_back();
    if (!answer.ok() && !informer::is_not_found(answer.error())) outcome.failure = answer.error();
    told.object = std::move(answer);
    return plan.then(outcome);
  }
};

TEST_F(ReleaseTest, OneThatIsThereKeepsItsVolume) { EXPECT_TRUE(after(ObjectPtr(claim)).stages.empty()); }

TEST_F(ReleaseTest, OneThatIsGoneOrAnotherReleasesIt) {
  EXPECT_EQ(after(Error{Code::not_found, "gone", "NotFound", 404}).stages.size(), 1u);
  claim->metadata.uid = "2";
  EXPECT_EQ(after(ObjectPtr(claim)).stages.size(), 1u);
}

TEST_F(ReleaseTest, WithoutAnAnswerNothingIsGivenUp) {
  const Plan plan = after(Error{Code::unavailable, "no answer", "", 0});
  EXPECT_TRUE(plan.stages.empty());
  EXPECT_TRUE(plan.retry.has_value());
}

}  // namespace
}  // namespace plumb::controllers::persistentvolumebinder
