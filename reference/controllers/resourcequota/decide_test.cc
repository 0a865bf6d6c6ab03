#include "reference/controllers/resourcequota/decide.h"

#include <gtest/gtest.h>

namespace plumb::controllers::resourcequota {
namespace {

std::shared_ptr<corev1::ResourceQuota> quota(const char* wanted, const char* told) {
  auto made = std::make_shared<corev1::ResourceQuota>();
  made->metadata.name = "q";
  made->spec.hard.set("secrets", wanted);
  made->status.hard.set("secrets", told);
  made->status.used.set("secrets", "0");
  return made;
}

// What comes of one pass that finds two secrets.
Plan pass(const QuotaPtr& limiting) {
  const Plan plan = decide(limiting, {&informer::resource_of<corev1::Secret>(), &informer::resource_of<corev1::ConfigMap>()}, {});
  EXPECT_EQ(plan.stages.size(), 1u);
  EXPECT_EQ(plan.stages[0].actions.size(), 1u);
  EXPECT_TRUE(plan.stages[0].actions[0].list);
  Outcome outcome;
  outcome.answers.resize(1);
  outcome.answers[0].items = {std::make_shared<corev1::Secret>(), std::make_shared<corev1::Secret>()};
  return plan.then(outcome);
}

TEST(ResourceQuotaDecide, NewLimitsAreCountedAgainOnceTheyAreInForce) {
  EXPECT_EQ(pass(quota("5", "4")).again_after, Duration::zero());
  EXPECT_EQ(pass(quota("5", "5")).again_after, std::nullopt);
}

TEST(ResourceQuotaDecide, TheStatusIsWrittenOverTheVersionThatWasSeen) {
  auto limiting = quota("5", "5");
  limiting->metadata.resourceVersion = "7";
  const Plan plan = pass(limiting);
  ASSERT_EQ(plan.stages.size(), 1u);
  const auto& written = static_cast<const corev1::ResourceQuota&>(*plan.stages[0].actions[0].request.object);
  EXPECT_EQ(written.metadata.resourceVersion, "7");
  EXPECT_EQ(written.status.used.get("secrets").text, "2");
}

}  // namespace
}  // namespace plumb::controllers::resourcequota
