#include "reference/api/codec/json.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

constexpr auto* host_pid = "violate PodSecurity \"baseline:latest\": host namespaces (hostPID=true)";

class PodSecurity : public RegistryTest {
 protected:
  const AdmissionChain* admission() const override { return &chain_; }
  void SetUp() override {
    RegistryTest::SetUp();
    context_.warnings = std::make_shared<Warnings>();
  }
  static std::shared_ptr<corev1::Namespace> namespace_with(std::initializer_list<std::pair<const char*, const char*>> labels) {
    auto made = std::make_shared<corev1::Namespace>();
    made->metadata.name = "default";
    for (const auto& [key, value] : labels) made->metadata.labels.set("pod-security.kubernetes.io/" + std::string(key), api::Str(value));
    return made;
  }
  static std::shared_ptr<corev1::Pod> pod(const std::string& name, bool of_host) {
    auto made = std::make_shared<corev1::Pod>();
    made->metadata.name = name;
    fill(made->spec, of_host);
    return made;
  }
  static void fill(corev1::PodSpec& spec, bool of_host) {
    spec.hostPID = of_host;
    auto& container = spec.containers.emplace_back();
    container.name = "c";
    container.image = "i";
  }
  ApiResult<CachedPtr> relabel(std::initializer_list<std::pair<const char*, const char*>> labels) {
    auto next = namespace_with(labels);
    return await<CachedPtr>([&](auto done) { registry_->update(context_, resource(corev1::Namespace::info()), {"", "default"}, "", next, done); });
  }
  std::vector<std::string> warnings() { return std::exchange(context_.warnings, std::make_shared<Warnings>())->texts(); }

 private:
  AdmissionChain chain_{{"ServiceAccount"}};
};

TEST_F(PodSecurity, WhatANamespaceEnforcesRefusesItsPods) {
  ASSERT_TRUE(create(namespace_with({{"enforce", "baseline"}}), "").ok());
  EXPECT_TRUE(create(pod("good", false)).ok());
  const auto refused = create(pod("bad", true));
  EXPECT_EQ(refused.status().code, 403);
  EXPECT_EQ(refused.status().message, "pods \"bad\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostPID=true)");
  EXPECT_TRUE(warnings().empty());
}

TEST_F(PodSecurity, AWarningIsNoRefusal) {
  ASSERT_TRUE(create(namespace_with({{"warn", "baseline"}, {"audit", "restricted"}}), "").ok());
  EXPECT_TRUE(create(pod("a", true)).ok());
  EXPECT_EQ(warnings(), std::vector<std::string>{"would " + std::string(host_pid)});
}

TEST_F(PodSecurity, WhoMakesPodsIsWarnedAndNeverRefused) {
  ASSERT_TRUE(create(namespace_with({{"enforce", "baseline"}}), "").ok());
  auto deployment = std::make_shared<appsv1::Deployment>();
  deployment->metadata.name = "d";
  deployment->spec.selector.ensure().matchLabels.set("a", "b");
  deployment->spec.template_.metadata.labels.set("a", "b");
  fill(deployment->spec.template_.spec, true);
  ASSERT_TRUE(create(deployment).ok());
  EXPECT_EQ(warnings(), std::vector<std::string>{"would " + std::string(host_pid)});
  ASSERT_TRUE(change<appsv1::Deployment>("d", "status", [](appsv1::Deployment& next) { next.status.observedGeneration = 1; }).ok());
  EXPECT_TRUE(warnings().empty());
}

TEST_F(PodSecurity, ARunningPodMayChangeButForItsImages) {
  ASSERT_TRUE(create(namespace_with({}), "").ok());
  ASSERT_TRUE(create(pod("a", true)).ok());
  ASSERT_TRUE(relabel({{"enforce", "baseline"}}).ok());
  EXPECT_TRUE(change<corev1::Pod>("a", "", [](corev1::Pod& next) { next.metadata.labels.set("l", "v"); }).ok());
  EXPECT_TRUE(change<corev1::Pod>("a", "status", [](corev1::Pod& next) { next.status.phase = "Running"; }).ok());
  EXPECT_EQ(change<corev1::Pod>("a", "", [](corev1::Pod& next) { next.spec.containers[0].image = "j"; }).status().code, 403);
  const auto debugged = change<corev1::Pod>("a", "ephemeralcontainers", [](corev1::Pod& next) {
    auto& container = next.spec.ephemeralContainers.emplace_back().ephemeralContainerCommon;
    container.name = "e";
    container.image = "i";
    container.terminationMessagePolicy = "File";
    container.imagePullPolicy = "Always";
  });
  ASSERT_FALSE(debugged.ok());
  EXPECT_EQ(debugged.status().code, 403) << debugged.status().message.str();
}

TEST_F(PodSecurity, ChangedLabelsTellOfPodsThatRunAlready) {
  ASSERT_TRUE(create(namespace_with({}), "").ok());
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(create(pod(name, true)).ok());
  auto privileged = pod("z", false);
  privileged->spec.containers[0].securityContext.ensure().privileged = true;
  ASSERT_TRUE(create(privileged).ok());
  ASSERT_TRUE(relabel({{"enforce", "baseline"}}).ok());
  EXPECT_EQ(warnings(), (std::vector<std::string>{"existing pods in namespace \"default\" violate the new PodSecurity enforce level \"baseline:latest\"",
                                                  "a (and 2 other pods): host namespaces", "z: privileged"}));
  ASSERT_TRUE(relabel({{"enforce", "baseline"}, {"audit", "restricted"}}).ok());
  EXPECT_TRUE(warnings().empty());
  ASSERT_TRUE(relabel({{"enforce", "privileged"}}).ok());
  EXPECT_TRUE(warnings().empty());
}

TEST_F(PodSecurity, LabelsHaveToBeReadableUnlessTheyWereNotBefore) {
  const auto refused = create(namespace_with({{"enforce", "strict"}}), "");
  EXPECT_EQ(refused.status().code, 422);
  EXPECT_EQ(refused.status().message,
            "Namespace \"default\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted");
  ASSERT_TRUE(create(namespace_with({}), "").ok());
  EXPECT_EQ(relabel({{"warn-version", "1.2"}}).status().code, 422);
}

}  // namespace
}  // namespace plumb::apiserver::test
