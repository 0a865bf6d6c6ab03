// The runtime contract on a real containerd, in a node of its own; and what only real containers show.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "reference/cluster/node/machine.h"
#include "reference/cri/containerd.h"
#include "reference/cri/contract.h"

namespace plumb::cluster {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr char kImage[] = "registry.plumbline.test/plumb-test:v1";

// One node for all tests of this program; gone at its end.
class SharedNode {
 public:
  static SharedNode& get() {
    static SharedNode instance;
    return instance;
  }
  ~SharedNode() {
    if (dir_.empty()) return;
    runtime_.reset();
    if (const auto done = cleanup(id_, true); !done.ok()) std::fprintf(stderr, "%s\n", done.error().message.c_str());
    fs::remove_all(dir_);
  }
  cri::RuntimeUnderTest under_test() const {
    return {skip_, runtime_, kImage, "/var/log/pods", [](Duration time) { std::this_thread::sleep_for(time); }};
  }
  const NodeMachine& machine() const { return *machine_; }

 private:
  SharedNode() {
    skip_ = missing();
    if (!skip_.empty()) return;
    dir_ = fs::temp_directory_path() / ("plumb-containerd-itest." + std::to_string(getpid()));
    fs::create_directories(dir_);
    id_ = {"containerdtest", dir_};
    const auto up = start(bin() / "plumbd", archive());
    if (up.ok()) return;
    ADD_FAILURE() << up.error().message;
    skip_ = "the node did not start";
  }
  static fs::path bin() { return fs::read_symlink("/proc/self/exe").parent_path(); }
  static fs::path archive() { return bin().parent_path() / "share/plumbline/test-images.tar"; }
  static std::string missing() {
    if (geteuid() != 0) return "needs root";
    for (const char* program : {"containerd", "runc", "ctr", "nft", "ip", "curl"})
      if (!run_checked({"which", program}).ok()) return std::string("needs ") + program;
    return fs::exists(bin() / "plumbd") && fs::exists(archive()) ? "" : "needs plumbd and the test images beside the test";
  }
  Status start(const std::string& program, const std::string& archive) {
    const auto plan = PLUMB_TRY(create_host_network(id_));
    NodeSpec spec = node_spec(id_, plan, 0, 1);
    spec.program = program;
    spec.sandbox_image = "registry.plumbline.test/pause:v1";
    spec.image_archives = {archive};
    machine_ = PLUMB_TRY(NodeMachine::create(spec));
    PLUMB_TRY(machine_->wait_ready());
    runtime_ = PLUMB_TRY(cri::connect_containerd({.socket = machine_->containerd_socket()}));
    return {};
  }
  std::string skip_;
  fs::path dir_;
  ClusterId id_;
  std::optional<NodeMachine> machine_;
  std::shared_ptr<cri::Runtime> runtime_;
};

cri::RuntimeUnderTest real() { return SharedNode::get().under_test(); }

class RealContainers : public cri::RuntimeContract {};
INSTANTIATE_TEST_SUITE_P(Containerd, RealContainers, ::testing::Values(cri::RuntimeFactory(real)));

TEST_P(RealContainers, ServeOnThePodsAddress) {
  const auto sandbox = run_sandbox("web");
  start(sandbox, "web", "main", {"serve", "--http", "80"});
  const auto ip = runtime().sandbox_status(sandbox)->ips.at(0);
  EXPECT_TRUE(eventually([&] { return SharedNode::get().machine().run({"curl", "-sf", "http://" + ip + "/hostname"}).ok(); }));
  const auto body = SharedNode::get().machine().run({"curl", "-sf", "http://" + ip + "/hostname"});
  ASSERT_TRUE(body.ok()) << body.error().message;
  EXPECT_EQ(*body, "web");
}

TEST_P(RealContainers, ExecSyncAndStatsAndUrls) {
  const auto sandbox = run_sandbox("exec");
  const auto id = start(sandbox, "exec", "main", {"serve"});
  const auto result = runtime().exec_sync(id, {"/plumb-test", "env", "PLUMB_IMAGE_VERSION"}, 10s);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->out, "v1\n");
  EXPECT_EQ(runtime().exec_sync(id, {"/plumb-test", "exit", "4"}, 10s)->exit_code, 4);
  EXPECT_EQ(runtime().exec_sync(id, {"/plumb-test", "sleep", "60"}, 1s).error().code, Code::deadline_exceeded);
  const auto stats = runtime().container_stats(id);
  ASSERT_TRUE(stats.ok()) << stats.error().message;
  EXPECT_GT(stats->memory_working_set_bytes, 0u);
  for (const auto& url : {runtime().exec_url(id, {"/plumb-test"}, {}), runtime().attach_url(id, {}), runtime().port_forward_url(sandbox, {80})}) {
    ASSERT_TRUE(url.ok()) << url.error().message;
    EXPECT_TRUE(url->starts_with("http://127.0.0.1:")) << *url;
  }
}

TEST_P(RealContainers, LimitsReachTheCgroupAndOomIsTold) {
  const auto sandbox = run_sandbox("oom");
  cri::ContainerConfig config;
  config.name = "main";
  config.image = kImage;
  config.args = {"mem", "256"};
  config.resources.memory_limit_bytes = 32 << 20;
  const auto id = runtime().create_container(sandbox, config, sandbox_config("oom"));
  ASSERT_TRUE(id.ok()) << id.error().message;
  ASSERT_TRUE(runtime().start_container(*id).ok());
  EXPECT_TRUE(sees(Kind::exited, *id));
  EXPECT_TRUE(eventually([&] { return state_of(*id) == cri::ContainerState::exited; }));
  EXPECT_EQ(runtime().container_status(*id)->exit_code, 137);
  EXPECT_EQ(runtime().container_status(*id)->reason, "OOMKilled");
}

}  // namespace
}  // namespace plumb::cluster

namespace plumb::cri {
INSTANTIATE_TEST_SUITE_P(Containerd, RuntimeContract, ::testing::Values(RuntimeFactory(cluster::real)));
}
