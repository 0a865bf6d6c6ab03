#include <gtest/gtest.h>

#include "reference/api/codec/json.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

class Limits : public RegistryTest {
 protected:
  const AdmissionChain* admission() const override { return &chain_; }
  void SetUp() override {
    RegistryTest::SetUp();
    ASSERT_TRUE(create(decoded<corev1::Namespace>(R"({"metadata":{"name":"default"}})"), "").ok());
  }
  void range(const std::string& name, std::string_view limits) {
    const auto made = create(decoded<corev1::LimitRange>("{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"limits\":[" + std::string(limits) + "]}}"));
    ASSERT_TRUE(made.ok()) << made.status().message.str();
  }
  ApiResult<CachedPtr> pod(std::string_view resources, std::string_view more = "") {
    return create(decoded<corev1::Pod>(R"({"metadata":{"name":"p"},"spec":{)" + std::string(more) + R"("containers":[{"name":"c","image":"i","resources":)" + std::string(resources) + "}]}}"));
  }
  ApiResult<CachedPtr> claim(std::string_view storage) {
    return create(decoded<corev1::PersistentVolumeClaim>(
        R"({"metadata":{"name":"p"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":")" + std::string(storage) + "\"}}}}"));
  }
  void expect_forbidden(const ApiResult<CachedPtr>& result, const std::string& why) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code, 403);
    EXPECT_EQ(result.status().message, why);
  }

 private:
  AdmissionChain chain_{{"ServiceAccount"}};
};

TEST_F(Limits, ContainersGetWhatTheyDoNotAskForAndItIsNoted) {
  range("l", R"({"type":"Container","default":{"cpu":"500m","memory":"1Gi"},"defaultRequest":{"cpu":"100m","memory":"1Gi"}})");
  const auto made = pod(R"({"requests":{"cpu":"200m"}})", R"("initContainers":[{"name":"i","image":"i","resources":{"limits":{"cpu":"1","memory":"2Gi"},"requests":{"cpu":"1"}}}],)");
  ASSERT_TRUE(made.ok()) << made.status().message.str();
  const auto& result = static_cast<const corev1::Pod&>(***made);
  const auto& resources = result.spec.containers[0].resources;
  EXPECT_EQ(resources.requests.get("cpu").text + "," + resources.requests.get("memory").text + "," + resources.limits.get("cpu").text + "," + resources.limits.get("memory").text,
            "200m,1Gi,500m,1Gi");
  EXPECT_EQ(result.metadata.annotations.get("kubernetes.io/limit-ranger"),
            "LimitRanger plugin set: memory request for container c; cpu, memory limit for container c");
  EXPECT_EQ(result.spec.initContainers[0].resources.requests.get("memory").text, "2Gi") << "a limit is a request before any range is looked at";
}

TEST_F(Limits, ContainersKeepToBounds) {
  range("l", R"({"type":"Container","min":{"cpu":"100m"},"max":{"memory":"1Gi"},"maxLimitRequestRatio":{"cpu":"2"},"default":{"memory":"1Gi"},"defaultRequest":{"memory":"1Mi"}})");
  expect_forbidden(pod(R"({"requests":{"cpu":"50m"},"limits":{"cpu":"100m"}})"), "pods \"p\" is forbidden: minimum cpu usage per Container is 100m, but request is 50m");
  expect_forbidden(pod(R"({"limits":{"memory":"2Gi"},"requests":{"cpu":"100m"}})"),
                   "pods \"p\" is forbidden: [maximum memory usage per Container is 1Gi, but limit is 2Gi, "
                   "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0]");
  expect_forbidden(pod(R"({"requests":{"cpu":"100m"},"limits":{"cpu":"300m"}})"),
                   "pods \"p\" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000");
  EXPECT_TRUE(pod(R"({"requests":{"cpu":"100m"},"limits":{"cpu":"200m"}})").ok());
}

TEST_F(Limits, ARatioNeedsARequest) {
  range("l", R"({"type":"Container","maxLimitRequestRatio":{"cpu":"2"}})");
  const std::string rule = "pods \"p\" is forbidden: cpu max limit to request ratio per Container is 2, but no request is specified or request is 0";
  expect_forbidden(pod("{}"), rule);
  expect_forbidden(pod(R"({"requests":{"cpu":"0"},"limits":{"cpu":"1"}})"), rule);
}

TEST_F(Limits, PodsKeepToBoundsInAll) {
  range("l", R"({"type":"Pod","min":{"memory":"1Gi"},"max":{"cpu":"1"}})");
  expect_forbidden(pod(R"({"requests":{"memory":"2Gi"}})"), "pods \"p\" is forbidden: maximum cpu usage per Pod is 1.  No limit is specified");
  expect_forbidden(pod(R"({"requests":{"cpu":"1"},"limits":{"cpu":"1"}})"), "pods \"p\" is forbidden: minimum memory usage per Pod is 1Gi.  No request is specified");
  expect_forbidden(pod(R"({"requests":{"memory":"1Gi"},"limits":{"cpu":"600m"}})", R"("initContainers":[{"name":"s","image":"i","restartPolicy":"Always","resources":{"limits":{"cpu":"600m"}}}],)"),
                   "pods \"p\" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m");
  EXPECT_TRUE(pod(R"({"requests":{"memory":"1Gi"},"limits":{"cpu":"600m"}})", R"("initContainers":[{"name":"i","image":"i","resources":{"limits":{"cpu":"1"}}}],)").ok());
}

TEST_F(Limits, ClaimsKeepToBounds) {
  range("l", R"({"type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"2Gi"}})");
  expect_forbidden(claim("1Mi"), "persistentvolumeclaims \"p\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi");
  expect_forbidden(claim("3Gi"), "persistentvolumeclaims \"p\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi");
  EXPECT_TRUE(claim("2Gi").ok());
}

TEST_F(Limits, LaterChangesOfAPodAreItsOwn) {
  ASSERT_TRUE(pod("{}").ok());
  range("l", R"({"type":"Container","min":{"cpu":"1"}})");
  const auto labelled = await<CachedPtr>([&](auto done) {
    registry_->transform(context_, resource(corev1::Pod::info()), {"default", "p"}, {}, [](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
      auto next = std::make_shared<corev1::Pod>(static_cast<const corev1::Pod&>(current));
      next->metadata.labels.set("a", "b");
      return std::shared_ptr<api::Object>(next);
    }, done);
  });
  EXPECT_TRUE(labelled.ok()) << labelled.status().message.str();
}

}  // namespace
}  // namespace plumb::apiserver::test
