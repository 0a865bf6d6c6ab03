// What admission does with claims and volumes.
#include <gtest/gtest.h>

#include "reference/api/types/corev1.h"
#include "reference/api/types/storagev1.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

using corev1::PersistentVolumeClaim;

class StorageAdmission : public RegistryTest {
 protected:
  const AdmissionChain* admission() const override { return &chain_; }
  void SetUp() override {
    RegistryTest::SetUp();
    auto made = std::make_shared<corev1::Namespace>();
    made->metadata.name = "default";
    ASSERT_TRUE(create(made, "").ok());
  }
  void make_class(std::string_view name, std::string_view is_default, bool may_grow = false) {
    auto made = std::make_shared<storagev1::StorageClass>();
    made->metadata.name = name;
    made->provisioner = "p";
    if (!is_default.empty()) made->metadata.annotations.set(is_default, "true");
    made->allowVolumeExpansion = may_grow;
    ASSERT_TRUE(create(made, "").ok());
  }
  static std::shared_ptr<PersistentVolumeClaim> claim(std::string_view name, api::Opt<api::Str> storage_class = {}) {
    auto made = std::make_shared<PersistentVolumeClaim>();
    made->metadata.name = name;
    made->spec.accessModes.push_back("ReadWriteOnce");
    made->spec.resources.requests.set("storage", "1Gi");
    made->spec.storageClassName = storage_class;
    return made;
  }
  // "-" where no class is named.
  std::string class_given(std::string_view name, api::Opt<api::Str> storage_class = {}) {
    const auto made = create(claim(name, storage_class));
    EXPECT_TRUE(made.ok());
    return made.ok() ? static_cast<const PersistentVolumeClaim&>(***made).spec.storageClassName.value_or("-").str() : "";
  }

 private:
  AdmissionChain chain_;
};

TEST_F(StorageAdmission, AClaimWithoutAClassGetsTheNewestDefault) {
  EXPECT_EQ(class_given("before"), "-");
  make_class("plain", "");
  make_class("old", "storageclass.beta.kubernetes.io/is-default-class");
  EXPECT_EQ(class_given("a"), "old");
  clock_.advance(std::chrono::seconds(2));
  make_class("b", "storageclass.kubernetes.io/is-default-class");
  make_class("a", "storageclass.kubernetes.io/is-default-class");
  EXPECT_EQ(class_given("newest"), "a") << "of two that are equally old the first by name";
  EXPECT_EQ(class_given("b", api::Opt<api::Str>("")), "");
  EXPECT_EQ(class_given("c", api::Opt<api::Str>("plain")), "plain");
}

TEST_F(StorageAdmission, ClaimsAndVolumesAreHeldWhileTheyAreUsed) {
  const auto made = create(claim("c"));
  ASSERT_TRUE(made.ok());
  ASSERT_EQ((**made)->metadata.finalizers.size(), 1u);
  EXPECT_EQ((**made)->metadata.finalizers[0], "kubernetes.io/pvc-protection");
  auto volume = std::make_shared<corev1::PersistentVolume>();
  volume->metadata.name = "v";
  volume->metadata.finalizers.push_back("kubernetes.io/pv-protection");
  volume->spec.capacity.set("storage", "1Gi");
  volume->spec.accessModes.push_back("ReadWriteOnce");
  volume->spec.persistentVolumeSource.hostPath.ensure().path = "/d";
  const auto stored = create(volume, "");
  ASSERT_TRUE(stored.ok()) << stored.status().message.str();
  EXPECT_EQ((**stored)->metadata.finalizers.size(), 1u) << "once";
}

TEST_F(StorageAdmission, OnlyBoundClaimsGrowAndOnlyWhereTheirClassAllowsIt) {
  make_class("fixed", "");
  make_class("grows", "", true);
  const auto grow = [&](std::string_view name, std::string_view storage_class, bool bound) {
    EXPECT_TRUE(create(claim(name, api::Opt<api::Str>(storage_class))).ok());
    if (bound) {
      const auto shown = change<PersistentVolumeClaim>(std::string(name), "status", [](PersistentVolumeClaim& one) { one.status.phase = corev1::ClaimBound; });
      EXPECT_TRUE(shown.ok());
    }
    const auto answer = change<PersistentVolumeClaim>(std::string(name), "", [](PersistentVolumeClaim& one) { one.spec.resources.requests.set("storage", "2Gi"); });
    return answer.ok() ? std::string() : answer.status().message.str();
  };
  EXPECT_EQ(grow("a", "grows", true), "");
  EXPECT_EQ(grow("b", "grows", false), "PersistentVolumeClaim \"b\" is invalid: spec: Forbidden: spec is immutable after creation except "
                                      "resources.requests and volumeAttributesClassName for bound claims");
  const std::string why = " is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
  EXPECT_EQ(grow("c", "fixed", true), "persistentvolumeclaims \"c\"" + why);
  EXPECT_EQ(grow("d", "gone", true), "persistentvolumeclaims \"d\"" + why);
}

}  // namespace
}  // namespace plumb::apiserver::test
