#include <gtest/gtest.h>

#include "reference/api/types/corev1.h"
#include "reference/api/types/schedulingv1.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

class Admission : public RegistryTest {
 protected:
  const AdmissionChain* admission() const override { return &chain_; }
  void SetUp() override {
    RegistryTest::SetUp();
    auto made = std::make_shared<corev1::Namespace>();
    made->metadata.name = "default";
    ASSERT_TRUE(create(made, "").ok());
  }
  void make_account(std::optional<bool> automount = {}) {
    auto account = std::make_shared<corev1::ServiceAccount>();
    account->metadata.name = "default";
    if (automount) account->automountServiceAccountToken = *automount;
    account->imagePullSecrets.emplace_back().name = "pull";
    ASSERT_TRUE(create(account).ok());
  }
  static std::shared_ptr<corev1::Pod> pod() {
    auto made = std::make_shared<corev1::Pod>();
    made->metadata.name = "p";
    corev1::Container& container = made->spec.containers.emplace_back();
    container.name = "c";
    container.image = "i";
    return made;
  }
  static const corev1::Pod& as_pod(const ApiResult<CachedPtr>& result) { return static_cast<const corev1::Pod&>(***result); }

 private:
  AdmissionChain chain_;
};

TEST_F(Admission, AMissingNamespaceIsNotFoundAndAGoingOneForbidden) {
  const auto missing = create(pod(), "nowhere");
  EXPECT_EQ(missing.status().code, 404);
  EXPECT_EQ(missing.status().message, "namespaces \"nowhere\" not found");
  auto going = std::make_shared<corev1::Namespace>();
  going->metadata.name = "going";
  going->spec.finalizers.push_back("kubernetes");
  ASSERT_TRUE(create(going, "").ok());
  ASSERT_TRUE(remove(corev1::Namespace::info(), "", "going").ok());
  auto config = std::make_shared<corev1::ConfigMap>();
  config->metadata.name = "c";
  const auto refused = create(config, "going");
  EXPECT_EQ(refused.status().code, 403);
  EXPECT_EQ(refused.status().message, "configmaps \"c\" is forbidden: unable to create new content in namespace going because it is being terminated");
  EXPECT_EQ(refused.status().details->causes[0].reason, "NamespaceTerminating");
  EXPECT_EQ(remove(corev1::Namespace::info(), "", "default").status().code, 403);
}

TEST_F(Admission, APodWithoutAnAccountIsForbidden) {
  const auto refused = create(pod());
  EXPECT_EQ(refused.status().code, 403);
  EXPECT_EQ(refused.status().message, "pods \"p\" is forbidden: error looking up service account default/default: serviceaccount \"default\" not found");
}

TEST_F(Admission, APodGetsAccountTokenTolerationsAndPriority) {
  make_account();
  auto high = std::make_shared<schedulingv1::PriorityClass>();
  high->metadata.name = "high";
  high->value = 1000;
  ASSERT_TRUE(create(high, "").ok());
  auto wanted = pod();
  wanted->spec.priorityClassName = "high";
  const auto made = create(wanted);
  ASSERT_TRUE(made.ok()) << made.status().message.str();
  const corev1::PodSpec& spec = as_pod(made).spec;
  EXPECT_EQ(spec.serviceAccountName, "default");
  EXPECT_EQ(spec.imagePullSecrets.size(), 1u);
  ASSERT_EQ(spec.volumes.size(), 1u);
  EXPECT_TRUE(spec.volumes[0].name.view().starts_with("kube-api-access-"));
  EXPECT_EQ(spec.volumes[0].volumeSource.projected->sources.size(), 3u);
  EXPECT_EQ(spec.containers[0].volumeMounts[0].mountPath, "/var/run/secrets/kubernetes.io/serviceaccount");
  EXPECT_EQ(spec.tolerations.size(), 2u);
  EXPECT_EQ(*spec.priority, 1000);
  EXPECT_EQ(*spec.preemptionPolicy, "PreemptLowerPriority");
}

TEST_F(Admission, NoTokenWhereNoneIsWanted) {
  make_account(false);
  EXPECT_TRUE(as_pod(create(pod())).spec.volumes.empty());
}

TEST_F(Admission, PrioritiesComeFromClassesOnly) {
  make_account();
  auto unknown = pod();
  unknown->spec.priorityClassName = "nothing";
  EXPECT_EQ(create(unknown).status().message, "pods \"p\" is forbidden: no PriorityClass with name nothing was found");
  auto own = pod();
  own->spec.priority = 7;
  EXPECT_EQ(create(own).status().code, 403);
  for (const char* name : {"first", "second"}) {
    auto made = std::make_shared<schedulingv1::PriorityClass>();
    made->metadata.name = name;
    made->value = 5;
    made->globalDefault = true;
    EXPECT_EQ(create(made, "").ok(), std::string_view(name) == "first");
  }
  EXPECT_EQ(*as_pod(create(pod())).spec.priority, 5);
}

}  // namespace
}  // namespace plumb::apiserver::test
