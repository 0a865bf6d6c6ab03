#include "reference/api/codec/json.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/networkingv1.h"
#include "reference/api/types/nodev1.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

class Classes : public RegistryTest {
 protected:
  const AdmissionChain* admission() const override { return &chain_; }
  void SetUp() override {
    RegistryTest::SetUp();
    ASSERT_TRUE(create(decoded<corev1::Namespace>(R"({"metadata":{"name":"default"}})"), "").ok());
  }
  void runtime_class(const std::string& name, const std::string& fields) {
    const auto made = create(decoded<nodev1::RuntimeClass>(R"({"metadata":{"name":")" + name + R"("},"handler":"h")" + fields + "}"), "");
    ASSERT_TRUE(made.ok()) << made.status().message.str();
  }
  ApiResult<CachedPtr> pod(const std::string& fields) {
    return create(decoded<corev1::Pod>(R"({"metadata":{"generateName":"p"},"spec":{"containers":[{"name":"c","image":"i"}])" + fields + "}}"));
  }
  static const corev1::PodSpec& spec(const ApiResult<CachedPtr>& made) { return static_cast<const corev1::Pod&>(***made).spec; }
  static std::string why(const ApiResult<CachedPtr>& result) {
    if (result.ok()) return "admitted";
    const std::string text = result.status().message.str();
    return std::to_string(result.status().code) + text.substr(text.find(": "));
  }

 private:
  AdmissionChain chain_{{"ServiceAccount", "DefaultTolerationSeconds"}};
};

TEST_F(Classes, APodCostsWhatItsRuntimeCosts) {
  runtime_class("costly", R"(,"overhead":{"podFixed":{"cpu":"100m","memory":"1Gi"}})");
  runtime_class("plain", "");
  const auto made = pod(R"(,"runtimeClassName":"costly")");
  ASSERT_TRUE(made.ok()) << made.status().message.str();
  EXPECT_EQ(spec(made).overhead.get("cpu").text, "100m");
  EXPECT_TRUE(pod(R"(,"runtimeClassName":"costly","overhead":{"cpu":"0.1","memory":"1024Mi"})").ok());
  EXPECT_EQ(why(pod(R"(,"runtimeClassName":"costly","overhead":{"cpu":"1"})")), "403: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  EXPECT_EQ(why(pod(R"(,"overhead":{"cpu":"1"})")), "403: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  EXPECT_EQ(why(pod(R"(,"runtimeClassName":"plain","overhead":{"cpu":"1"})")), "403: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  EXPECT_EQ(why(pod(R"(,"runtimeClassName":"none")")), "403: pod rejected: RuntimeClass \"none\" not found");
}

TEST_F(Classes, APodGoesWhereItsRuntimeIs) {
  runtime_class("there", R"(,"scheduling":{"nodeSelector":{"runtime":"h"},"tolerations":[{"key":"runtime","operator":"Exists"},{"key":"a","operator":"Equal","value":"b"}]})");
  const auto made = pod(R"(,"runtimeClassName":"there","nodeSelector":{"zone":"z"},"tolerations":[{"key":"runtime","operator":"Equal","value":"h","effect":"NoSchedule"},{"key":"a","operator":"Equal","value":"b"}])");
  ASSERT_TRUE(made.ok()) << made.status().message.str();
  EXPECT_EQ(spec(made).nodeSelector.get("runtime"), "h");
  EXPECT_EQ(spec(made).nodeSelector.get("zone"), "z");
  // The class's toleration of all covers the pod's own; of the equal ones one is left.
  ASSERT_EQ(spec(made).tolerations.size(), 2u);
  EXPECT_EQ(spec(made).tolerations[0].key, "a");
  EXPECT_EQ(spec(made).tolerations[1].operator_, "Exists");
  EXPECT_EQ(why(pod(R"(,"runtimeClassName":"there","nodeSelector":{"runtime":"g"})")),
            "403: conflict: runtimeClass.scheduling.nodeSelector[runtime] = h; pod.spec.nodeSelector[runtime] = g");
}

TEST_F(Classes, ARuntimeClassIsChecked) {
  const auto made = [&](const std::string& fields) { return why(create(decoded<nodev1::RuntimeClass>(R"({"metadata":{"generateName":"r"})" + fields + "}"), "")); };
  EXPECT_EQ(made(""), "422: handler: Required value");
  EXPECT_NE(made(R"(,"handler":"Bad_one")").find("422: handler: Invalid value: \"Bad_one\""), std::string::npos);
  EXPECT_NE(made(R"(,"handler":"h","overhead":{"podFixed":{"cpu":"-1"}})").find("overhead.limits[cpu]: Invalid value"), std::string::npos);
  EXPECT_NE(made(R"(,"handler":"h","scheduling":{"nodeSelector":{"a b":"c"}})").find("scheduling.nodeSelector: Invalid value"), std::string::npos);
  EXPECT_NE(made(R"(,"handler":"h","scheduling":{"tolerations":[{"key":"a","operator":"Exists"},{"key":"a","operator":"Exists"}]})").find("scheduling.tolerations[1]: Duplicate value"), std::string::npos);
}

TEST_F(Classes, AnIngressGetsTheNewestDefault) {
  const auto ingress = [&](const std::string& metadata, const std::string& fields) {
    const auto made = create(decoded<networkingv1::Ingress>(R"({"metadata":{"generateName":"i")" + metadata + R"(},"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}})" + fields + "}}"));
    EXPECT_TRUE(made.ok()) << made.status().message.str();
    if (!made.ok()) return std::string("refused");
    const auto& name = static_cast<const networkingv1::Ingress&>(***made).spec.ingressClassName;
    return name ? name->str() : std::string("none");
  };
  const auto ingress_class = [&](const std::string& name, const std::string& is_default) {
    ASSERT_TRUE(create(decoded<networkingv1::IngressClass>(R"({"metadata":{"name":")" + name + R"(","annotations":{"ingressclass.kubernetes.io/is-default-class":")" + is_default +
                                                           R"("}},"spec":{"controller":"example.com/c"}})"), "").ok());
  };
  ingress_class("other", "false");
  EXPECT_EQ(ingress("", ""), "none");
  ingress_class("z", "true");
  ingress_class("y", "true");
  EXPECT_EQ(ingress("", ""), "y");
  clock_.advance(std::chrono::seconds(2));
  ingress_class("zz", "true");
  EXPECT_EQ(ingress("", ""), "zz");
  EXPECT_EQ(ingress("", R"(,"ingressClassName":"other")"), "other");
  EXPECT_EQ(ingress(R"(,"annotations":{"kubernetes.io/ingress.class":"mine"})", ""), "none");
}

}  // namespace
}  // namespace plumb::apiserver::test
