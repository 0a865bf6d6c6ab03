#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "reference/api/types/corev1.h"
#include "reference/api/types/policyv1.h"
#include "reference/apiserver/test_support.h"
#include "reference/resources/shared/conditions.h"

namespace plumb::apiserver::test {
namespace {

using policyv1::PodDisruptionBudget;

class Evicting : public RegistryTest {
 protected:
  void pod(const std::string& name, std::string_view phase = corev1::PodRunning, bool ready = true) {
    auto made = std::make_shared<corev1::Pod>();
    made->metadata.name = name;
    made->metadata.labels.set("app", "a");
    corev1::Container& container = made->spec.containers.emplace_back();
    container.name = container.image = "c";
    made->spec.nodeName = "n";
    ASSERT_TRUE(create(made).ok());
    corev1::PodCondition condition;
    condition.type = corev1::PodReady;
    condition.status = ready ? "True" : "False";
    const auto written = change<corev1::Pod>(name, "status", [&](corev1::Pod& next) {
      next.status.phase = phase;
      resources::set_condition(next.status.conditions, condition, clock_.wall());
    });
    ASSERT_TRUE(written.ok()) << written.status().message.str();
  }
  void budget(const std::string& name, policyv1::PodDisruptionBudgetStatus status, std::string_view policy = {}) {
    auto made = std::make_shared<PodDisruptionBudget>();
    made->metadata.name = name;
    made->spec.selector.ensure().matchLabels.set("app", "a");
    if (!policy.empty()) made->spec.unhealthyPodEvictionPolicy = api::Opt<api::Str>(policy);
    ASSERT_TRUE(create(made).ok());
    ASSERT_TRUE(change<PodDisruptionBudget>(name, "status", [&](PodDisruptionBudget& next) { next.status = status; }).ok());
  }
  static policyv1::PodDisruptionBudgetStatus numbers(std::int32_t allowed, std::int32_t current = 1, std::int32_t desired = 1) {
    policyv1::PodDisruptionBudgetStatus status;
    status.observedGeneration = 1;
    status.disruptionsAllowed = allowed;
    status.currentHealthy = current;
    status.desiredHealthy = desired;
    return status;
  }
  ApiResult<DeleteResult> evict(const std::string& name, metav1::DeleteOptions options = {}, const std::string& body_name = {}) {
    policyv1::Eviction eviction;
    eviction.metadata.name = body_name.empty() ? name : body_name;
    eviction.deleteOptions = std::move(options);
    return await<DeleteResult>([&](auto done) { registry_->evict(context_, {"default", name}, eviction, done); });
  }
  void expect_refused(const metav1::Status& refused, int code, std::string_view message, std::string_view cause = {}, std::int32_t retry_after = 0) {
    EXPECT_EQ(refused.code, code);
    EXPECT_EQ(refused.message, message);
    const std::size_t causes = refused.details ? refused.details->causes.size() : 0;
    ASSERT_EQ(causes, cause.empty() ? 0u : 1u);
    if (cause.empty()) return;
    EXPECT_EQ(refused.details->causes[0].reason, "DisruptionBudget");
    EXPECT_EQ(refused.details->causes[0].message, cause);
    EXPECT_EQ(refused.details->retryAfterSeconds, retry_after);
  }
  std::shared_ptr<const corev1::Pod> pod_now(const std::string& name) { return registry_->get<corev1::Pod>("default", name); }
  std::shared_ptr<const PodDisruptionBudget> budget_now(const std::string& name) { return registry_->get<PodDisruptionBudget>("default", name); }

  static constexpr std::string_view violates = "Cannot evict pod as it would violate the pod's disruption budget.";
};

TEST_F(Evicting, WithoutABudgetThePodIsMarkedAndDeleted) {
  pod("p");
  ASSERT_TRUE(evict("p").ok());
  const auto now = pod_now("p");
  ASSERT_TRUE(now && now->metadata.deletionTimestamp);
  const corev1::PodCondition* mark = resources::find_condition(now->status.conditions, corev1::DisruptionTarget);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->status, "True");
  EXPECT_EQ(mark->reason, "EvictionByEvictionAPI");
  EXPECT_EQ(mark->message, "Eviction API: evicting");
  EXPECT_EQ(evict("gone").status().code, 404);
}

TEST_F(Evicting, TheBodySpeaksOfThePodOnTheUrl) {
  pod("p");
  expect_refused(evict("p", {}, "q").status(), 400, "name in URL does not match name in Eviction object");
  metav1::DeleteOptions options;
  options.ignoreStoreReadErrorWithClusterBreakingPotential = true;
  EXPECT_EQ(evict("p", options).status().code, 422);
}

TEST_F(Evicting, EachTakesOneDisruption) {
  for (const char* name : {"p", "q", "r"}) pod(name);
  budget("b", numbers(2, 3, 1));
  ASSERT_TRUE(evict("p").ok());
  EXPECT_EQ(budget_now("b")->status.disruptionsAllowed, 1);
  EXPECT_TRUE(budget_now("b")->status.disruptedPods.contains("p"));
  EXPECT_TRUE(budget_now("b")->status.conditions.empty());
  ASSERT_TRUE(evict("q").ok());
  EXPECT_EQ(budget_now("b")->status.disruptionsAllowed, 0);
  EXPECT_EQ(budget_now("b")->status.conditions[0].reason, "InsufficientPods");
  const auto refused = evict("r");
  expect_refused(refused.status(), 429, violates, "The disruption budget b does not allow evicting pods currently");
  EXPECT_FALSE(pod_now("r")->metadata.deletionTimestamp);
}

TEST_F(Evicting, RefusalsSayWhy) {
  pod("p");
  budget("b", numbers(0, 1, 1));
  expect_refused(evict("p").status(), 429, violates, "The disruption budget b needs 1 healthy pods and has 1 currently");
  const auto with = [&](policyv1::PodDisruptionBudgetStatus status) {
    EXPECT_TRUE(change<PodDisruptionBudget>("b", "status", [&](PodDisruptionBudget& next) { next.status = status; }).ok());
    return evict("p").status();
  };
  auto failed = numbers(0);
  failed.conditions.emplace_back();
  failed.conditions[0].type = "DisruptionAllowed";
  failed.conditions[0].status = "False";
  failed.conditions[0].reason = "SyncFailed";
  failed.conditions[0].message = "nobody knows";
  failed.conditions[0].lastTransitionTime = api::Time::from(clock_.wall());
  expect_refused(with(failed), 429, violates, "The disruption budget b does not allow evicting pods currently because it failed sync: nobody knows");
  failed.conditions[0].reason = "Other";
  failed.currentHealthy = 2;
  expect_refused(with(failed), 429, violates, "The disruption budget b does not allow evicting pods currently (Other): nobody knows");
  auto crowded = numbers(1);
  for (int i = 0; i < 2001; ++i) crowded.disruptedPods.set("x" + std::to_string(i), api::Time::from(clock_.wall()));
  expect_refused(with(crowded), 403,
                 "poddisruptionbudget.policy \"b\" is forbidden: DisruptedPods map too big - too many evictions not confirmed by PDB controller",
                 "The disruption budget b does not allow evicting pods currently: too many pending evictions not confirmed by PDB controller");
  auto unseen = numbers(1);
  unseen.observedGeneration = 0;
  expect_refused(with(unseen), 429, violates, "The disruption budget b is still being processed by the server.", 10);
  EXPECT_FALSE(pod_now("p")->metadata.deletionTimestamp);
}

TEST_F(Evicting, SeveralBudgetsAreAnError) {
  pod("p");
  budget("a", numbers(1));
  budget("b", numbers(1));
  const auto refused = evict("p").status();
  expect_refused(refused, 500, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
  EXPECT_EQ(refused.reason, "");
}

TEST_F(Evicting, PodsThatDoNotServeNeedNoBudget) {
  budget("b", numbers(0, 0, 1));
  pod("pending", corev1::PodPending, false);
  pod("succeeded", corev1::PodSucceeded, false);
  pod("failed", corev1::PodFailed, false);
  for (const char* name : {"pending", "succeeded", "failed"}) EXPECT_TRUE(evict(name).ok()) << name;
  EXPECT_EQ(budget_now("b")->status.disruptedPods.size(), 0u);
}

TEST_F(Evicting, AnUnreadyPodGoesWhereEnoughOthersAreOrTheBudgetSaysSo) {
  pod("p", corev1::PodRunning, false);
  budget("b", numbers(0, 1, 2));
  expect_refused(evict("p").status(), 429, violates, "The disruption budget b needs 2 healthy pods and has 1 currently");
  ASSERT_TRUE(change<PodDisruptionBudget>("b", "status", [&](PodDisruptionBudget& next) { next.status = numbers(0, 0, 0); }).ok());
  EXPECT_EQ(evict("p").status().code, 429);
  ASSERT_TRUE(change<PodDisruptionBudget>("b", "status", [&](PodDisruptionBudget& next) { next.status = numbers(0, 2, 2); }).ok());
  EXPECT_TRUE(evict("p").ok());
  EXPECT_EQ(budget_now("b")->status.disruptedPods.size(), 0u);

  ASSERT_TRUE(remove(PodDisruptionBudget::info(), "default", "b").ok());
  pod("q", corev1::PodRunning, false);
  pod("r");
  budget("always", numbers(0, 1, 2), policyv1::AlwaysAllow);
  EXPECT_TRUE(evict("q").ok());
  EXPECT_EQ(evict("r").status().code, 429);
}

TEST_F(Evicting, PreconditionsHold) {
  pod("p");
  metav1::DeleteOptions options;
  options.preconditions.ensure().uid = api::Opt<api::Str>("11111111-1111-1111-1111-111111111111");
  EXPECT_EQ(evict("p", options).status().code, 409);
  options.preconditions->uid.reset();
  options.preconditions->resourceVersion = api::Opt<api::Str>("1");
  EXPECT_EQ(evict("p", options).status().code, 409);
  EXPECT_FALSE(resources::find_condition(pod_now("p")->status.conditions, corev1::DisruptionTarget));
  options.preconditions->resourceVersion = api::Opt<api::Str>(pod_now("p")->metadata.resourceVersion);
  EXPECT_TRUE(evict("p", options).ok());
}

TEST_F(Evicting, ADryRunChangesNothing) {
  pod("p");
  budget("b", numbers(1, 2, 1));
  metav1::DeleteOptions options;
  options.dryRun.push_back("All");
  EXPECT_TRUE(evict("p", options).ok());
  context_.dry_run = true;
  EXPECT_TRUE(evict("p").ok());
  context_.dry_run = false;
  EXPECT_FALSE(pod_now("p")->metadata.deletionTimestamp);
  EXPECT_FALSE(resources::find_condition(pod_now("p")->status.conditions, corev1::DisruptionTarget));
  EXPECT_EQ(budget_now("b")->status.disruptionsAllowed, 1);
  ASSERT_TRUE(change<PodDisruptionBudget>("b", "status", [&](PodDisruptionBudget& next) { next.status = numbers(0); }).ok());
  EXPECT_EQ(evict("p", options).status().code, 429);
}

TEST_F(Evicting, ManyAtOnceTakeNoMoreThanIsAllowed) {
  constexpr int pods = 16, allowed = 5;
  for (int i = 0; i < pods; ++i) pod("p" + std::to_string(i));
  budget("b", numbers(allowed, pods, pods - allowed));
  std::atomic<int> evicted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = t; i < pods; i += 4) evicted += evict("p" + std::to_string(i)).ok();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(evicted, allowed);
  EXPECT_EQ(budget_now("b")->status.disruptionsAllowed, 0);
}

TEST_F(Evicting, AnUpdateOfABudgetNamesItsVersion) {
  budget("b", numbers(1));
  auto next = std::make_shared<PodDisruptionBudget>(*budget_now("b"));
  next->spec.minAvailable = 1;
  EXPECT_EQ((**update(next))->metadata.generation, 2);
  next = std::make_shared<PodDisruptionBudget>(*budget_now("b"));
  next->metadata.resourceVersion.reset();
  EXPECT_EQ(update(next).status().message,
            "PodDisruptionBudget.policy \"b\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update");
}

}  // namespace
}  // namespace plumb::apiserver::test
