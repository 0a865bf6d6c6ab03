#include "reference/informer/fake_client.h"

#include "reference/informer/client_contract.h"

namespace plumb::informer {
namespace {

struct FakeCluster final : ClusterUnderTest {
  VirtualClock clock;
  FakeClient fake{clock};
  FakeCluster() {
    auto home = std::make_shared<corev1::Namespace>();
    home->metadata.name = "default";
    fake.add(home);
  }
  Client& client() override { return fake; }
  std::string json_path() override {
    fake.serve_raw("/apis/example.org/v1?of=fake", std::string(R"({"kind":"Namespace"})"));
    return "/apis/example.org/v1?of=fake";
  }
};

INSTANTIATE_TEST_SUITE_P(Fake, ClientContract, testing::Values([]() -> std::unique_ptr<ClusterUnderTest> { return std::make_unique<FakeCluster>(); }));

}  // namespace
}  // namespace plumb::informer
