#include "reference/apiserver/authorization/default_policy.h"

#include <gtest/gtest.h>

#include "reference/api/codec/json.h"
#include "reference/api/types/rbacv1.h"
#include "reference/apiserver/bootstrap.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

using rbacv1::ClusterRole;
using rbacv1::ClusterRoleBinding;

std::string role_with(std::string_view rules, std::string_view more = "") { return R"({"metadata":{"name":"r"},"rules":[)" + std::string(rules) + "]" + std::string(more) + "}"; }

TEST(DefaultPolicy, AddsRulesThatNoRuleAllows) {
  const std::string reads = R"({"verbs":["get","list"],"apiGroups":[""],"resources":["pods","pods/log"]})", one = R"({"verbs":["get"],"apiGroups":[""],"resources":["pods"],"resourceNames":["a"]})",
                    everything = R"({"verbs":["*"],"apiGroups":["*"],"resources":["*"]})", path = R"({"verbs":["get"],"nonResourceURLs":["/healthz/*"]})",
                    paths = R"({"verbs":["get"],"nonResourceURLs":["*"]})", watches = R"({"verbs":["watch"],"apiGroups":[""],"resources":["pods"]})";
  struct Case {
    std::string there, wanted;
    std::size_t rules;  // there are afterwards; 0: nothing is changed
  };
  for (const Case& one_case : {Case{"", reads, 1}, {reads, reads, 0}, {everything, reads, 0}, {reads, everything, 2}, {reads, one, 0}, {one, reads, 2}, {reads, watches, 2},
                               {path, path, 0}, {paths, path, 0}, {path, paths, 2}, {everything, path, 2}, {reads + "," + everything, reads + "," + path, 3}}) {
    const auto current = decoded<ClusterRole>(role_with(one_case.there)), wanted = decoded<ClusterRole>(role_with(one_case.wanted));
    const auto next = completed(*current, *wanted);
    ASSERT_EQ(next != nullptr, one_case.rules != 0) << one_case.there << " and " << one_case.wanted;
    if (!next) continue;
    EXPECT_EQ(static_cast<const ClusterRole&>(*next).rules.size(), one_case.rules) << one_case.there << " and " << one_case.wanted;
  }
}

TEST(DefaultPolicy, OfAnAggregatedRoleOnlySelectorsCount) {
  const std::string selects = R"(,"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"to":"r"}}]})";
  const auto wanted = decoded<ClusterRole>(role_with("", selects));
  const auto next = completed(*decoded<ClusterRole>(role_with(R"({"verbs":["get"],"apiGroups":[""],"resources":["pods"]})")), *wanted);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(static_cast<const ClusterRole&>(*next).rules.size(), 1u) << "the controller's";
  EXPECT_EQ(completed(*next, *wanted), nullptr);
}

TEST(DefaultPolicy, KeepsWhatPeopleHaveAdded) {
  const auto current = decoded<ClusterRoleBinding>(R"({"metadata":{"name":"b","labels":{"a":"mine"},"annotations":{"note":"mine"}},"subjects":[{"kind":"User","name":"anna"}]})");
  const auto wanted = decoded<ClusterRoleBinding>(R"({"metadata":{"name":"b","labels":{"a":"theirs","b":"theirs"}},"subjects":[{"kind":"User","name":"system:x"}]})");
  const auto next = completed(*current, *wanted);
  ASSERT_NE(next, nullptr);
  const auto& binding = static_cast<const ClusterRoleBinding&>(*next);
  EXPECT_EQ(*binding.metadata.labels.find("a"), "mine");
  EXPECT_EQ(*binding.metadata.labels.find("b"), "theirs");
  EXPECT_EQ(*binding.metadata.annotations.find("note"), "mine");
  ASSERT_EQ(binding.subjects.size(), 2u);
  EXPECT_EQ(binding.subjects[0].name, "anna");

  auto alone = std::make_shared<ClusterRoleBinding>(*current);
  alone->metadata.annotations.set("rbac.authorization.kubernetes.io/autoupdate", "false");
  EXPECT_EQ(completed(*alone, *wanted), nullptr);
}

// A cluster as an older release has left it, started again.
class OlderCluster : public RegistryTest {
 protected:
  template <class T>
  std::shared_ptr<const T> now(const char* name) {
    return registry_->ClusterView::get<T>("", name);
  }
  void make(std::shared_ptr<api::Object> object) { ASSERT_TRUE(OwnCalls(*registry_).create(std::move(object)).ok()); }
};

TEST_F(OlderCluster, GetsWhatItsPolicyLacksAndLosesNothing) {
  make(decoded<ClusterRole>(R"({"metadata":{"name":"system:node-proxier"},"rules":[{"verbs":["get"],"apiGroups":["example.com"],"resources":["mine"]}]})"));
  make(decoded<ClusterRole>(R"({"metadata":{"name":"system:monitoring","annotations":{"rbac.authorization.kubernetes.io/autoupdate":"false"}}})"));
  make(decoded<ClusterRoleBinding>(R"({"metadata":{"name":"system:discovery"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"other"},
                                       "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"anna"}]})"));
  ASSERT_TRUE(ensure_system_objects(*registry_).ok());
  const auto proxier = now<ClusterRole>("system:node-proxier");
  ASSERT_GT(proxier->rules.size(), 1u);
  EXPECT_EQ(proxier->rules[0].resources[0], "mine");
  EXPECT_NE(proxier->metadata.labels.find("kubernetes.io/bootstrapping"), nullptr);
  EXPECT_TRUE(now<ClusterRole>("system:monitoring")->rules.empty()) << "left alone";
  EXPECT_EQ(now<ClusterRoleBinding>("system:discovery")->roleRef.name, "system:discovery");
  ASSERT_TRUE(ensure_system_objects(*registry_).ok());
  EXPECT_EQ(now<ClusterRole>("system:node-proxier")->metadata.resourceVersion, proxier->metadata.resourceVersion) << "nothing is written twice";
}

}  // namespace
}  // namespace plumb::apiserver::test
