#include "reference/controllers/deployment/rollout.h"

#include <gtest/gtest.h>

namespace plumb::controllers::deployment {
namespace {

appsv1::Deployment rolling(std::int32_t replicas, api::IntOrString surge, api::IntOrString unavailable) {
  appsv1::Deployment made;
  made.spec.replicas = replicas;
  made.spec.strategy.type = appsv1::RollingUpdateDeploymentStrategyType;
  made.spec.strategy.rollingUpdate.ensure().maxSurge = surge;
  made.spec.strategy.rollingUpdate.ensure().maxUnavailable = unavailable;
  return made;
}

TEST(Rollout, ResolvesFenceposts) {
  struct Case {
    std::int32_t replicas;
    api::IntOrString surge, unavailable;
    std::int32_t want_surge, want_unavailable;
  };
  const Case cases[] = {
      {10, "25%", "25%", 3, 2},   // up, down
      {4, "25%", "25%", 1, 1},
      {1, "25%", "25%", 1, 0},
      {3, 0, "25%", 0, 1},        // both zero: one may be unavailable
      {10, 0, 0, 0, 1},
      {2, 5, 7, 5, 2},            // never more unavailable than there are
      {0, "50%", "50%", 0, 0},
      {10, "100%", 0, 10, 0},
      {10, "x%", "5", 0, 1},      // malformed counts as zero
  };
  for (const Case& each : cases) {
    const auto deployment = rolling(each.replicas, each.surge, each.unavailable);
    EXPECT_EQ(max_surge(deployment), each.want_surge) << each.replicas;
    EXPECT_EQ(max_unavailable(deployment), each.want_unavailable) << each.replicas;
  }
}

TEST(Rollout, HashesTemplatesStably) {
  corev1::PodTemplateSpec one, two;
  one.spec.containers.emplace_back().image = "a";
  two.spec.containers.emplace_back().image = "b";
  EXPECT_EQ(template_hash(one, std::nullopt), template_hash(one, std::nullopt));
  EXPECT_NE(template_hash(one, std::nullopt), template_hash(two, std::nullopt));
  EXPECT_NE(template_hash(one, std::nullopt), template_hash(one, 1));
  EXPECT_EQ(template_hash(one, std::nullopt).find_first_not_of("bcdfghjklmnpqrstvwxz2456789"), std::string::npos);
}

TEST(Rollout, ComparesTemplatesButForTheHash) {
  corev1::PodTemplateSpec one;
  one.metadata.labels.set("app", "web");
  corev1::PodTemplateSpec two = one;
  two.metadata.labels.set("pod-template-hash", "x");
  EXPECT_TRUE(same_template(one, two));
  two.metadata.labels.set("app", "other");
  EXPECT_FALSE(same_template(one, two));
}

TEST(Rollout, KeepsFormerRevisions) {
  appsv1::Deployment deployment = rolling(3, 1, 1);
  deployment.metadata.annotations.set("note", "kept");
  deployment.metadata.annotations.set("kubectl.kubernetes.io/last-applied-configuration", "{}");
  appsv1::ReplicaSet set;
  EXPECT_TRUE(annotate(set, deployment, 1, true));
  EXPECT_EQ(set.metadata.annotations.get(revision_annotation), "1");
  EXPECT_EQ(set.metadata.annotations.get(desired_replicas_annotation), "3");
  EXPECT_EQ(set.metadata.annotations.get(max_replicas_annotation), "4");
  EXPECT_EQ(set.metadata.annotations.get("note"), "kept");
  EXPECT_FALSE(set.metadata.annotations.contains("kubectl.kubernetes.io/last-applied-configuration"));
  EXPECT_FALSE(annotate(set, deployment, 1, false));
  EXPECT_TRUE(annotate(set, deployment, 4, false));
  EXPECT_TRUE(annotate(set, deployment, 6, false));
  EXPECT_EQ(set.metadata.annotations.get(revision_annotation), "6");
  EXPECT_EQ(set.metadata.annotations.get(revision_history_annotation), "1,4");
  EXPECT_FALSE(annotate(set, deployment, 5, false));
}

TEST(Rollout, SetsConditionsAsKubernetesDoes) {
  const WallTime early(std::chrono::seconds(100)), late(std::chrono::seconds(200));
  appsv1::DeploymentStatus status;
  set_condition(status, make_condition("Progressing", "True", "NewReplicaSetCreated", "a", early));
  set_condition(status, make_condition("Progressing", "True", "NewReplicaSetCreated", "b", late));
  EXPECT_EQ(condition(status, "Progressing")->message, "a");
  set_condition(status, make_condition("Progressing", "True", "ReplicaSetUpdated", "c", late));
  EXPECT_EQ(condition(status, "Progressing")->lastTransitionTime.seconds, 100);
  EXPECT_EQ(condition(status, "Progressing")->lastUpdateTime.seconds, 200);
  set_condition(status, make_condition("Progressing", "False", "ProgressDeadlineExceeded", "d", late));
  EXPECT_EQ(condition(status, "Progressing")->lastTransitionTime.seconds, 200);
  EXPECT_EQ(status.conditions.size(), 1u);
}

}  // namespace
}  // namespace plumb::controllers::deployment
