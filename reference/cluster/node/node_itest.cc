// Two nodes on this machine, for real: they reach each other, run containers, and leave nothing behind.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "reference/cluster/node/cgroups.h"
#include "reference/cluster/node/machine.h"
#include "reference/cri/containerd.h"

namespace plumb::cluster {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

fs::path bin_dir() { return fs::read_symlink("/proc/self/exe").parent_path(); }

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// What on this host mentions the cluster.
std::vector<std::string> traces(const ClusterId& id) {
  std::vector<std::string> found;
  const auto tag = cluster_tag(id);
  for (const auto& [what, command] : {std::pair<std::string, std::vector<std::string>>{"link", {"ip", "-o", "link"}},
                                      {"route", {"ip", "route", "show", "table", "all"}},
                                      {"table", {"nft", "list", "tables"}}}) {
    const auto out = run_checked(command);
    if (!out.ok() || out->find(tag) != std::string::npos) found.push_back(what);
  }
  if (text_of("/proc/self/mounts").find(id.dir) != std::string::npos) found.push_back("mount");
  for (const auto& mount : cgroup_mounts())
    if (fs::exists(mount.path + "/" + cgroup_name(id))) found.push_back("cgroup " + mount.path);
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto command = text_of(entry.path() / "cmdline"), groups = text_of(entry.path() / "cgroup");
    if (command.find(id.dir) != std::string::npos || groups.find(cgroup_name(id)) != std::string::npos) found.push_back("process " + command);
  }
  if (fs::exists(id.dir + "/nodes") || fs::exists(id.dir + "/network.json")) found.push_back("files");
  return found;
}

struct Pod {
  std::shared_ptr<cri::Runtime> runtime;
  std::string container, ip;
};

// A pod of the test image that serves on port 8080.
Pod start_pod(const NodeMachine& node) {
  auto runtime = cri::connect_containerd({.socket = node.containerd_socket()});
  EXPECT_TRUE(runtime.ok());
  Pod pod{std::shared_ptr<cri::Runtime>(std::move(*runtime)), {}, {}};
  cri::SandboxConfig sandbox;
  sandbox.metadata = {"web", "uid", "test", 0};
  sandbox.log_directory = "/var/log/pods/web";
  const auto id = pod.runtime->run_sandbox(sandbox);
  EXPECT_TRUE(id.ok()) << id.error().message;
  if (!id.ok()) return pod;
  cri::ContainerConfig container;
  container.name = "main";
  container.image = "registry.plumbline.test/plumb-test:v2";
  container.log_path = "main.log";
  const auto made = pod.runtime->create_container(*id, container, sandbox);
  EXPECT_TRUE(made.ok()) << made.error().message;
  pod.container = made.ok() ? *made : "";
  EXPECT_TRUE(pod.runtime->start_container(pod.container).ok());
  const std::string log = node.path_from_host("/var/log/pods/web/main.log");
  for (const Instant deadline = real_clock().now() + 10s; text_of(log).find("serving") == std::string::npos && real_clock().now() < deadline;) usleep(5000);
  pod.ip = pod.runtime->sandbox_status(*id)->ips.at(0);
  return pod;
}

class Nodes : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    for (const char* program : {"containerd", "ctr", "nft", "ip", "nsenter"})
      if (!run_checked({"which", program}).ok()) GTEST_SKIP() << "needs " << program;
    if (!fs::exists(bin_dir() / "plumbd")) GTEST_SKIP() << "needs plumbd beside the test";
    id_ = {"nodetest", fs::temp_directory_path() / ("plumb-node-itest." + std::to_string(getpid()))};
    fs::create_directories(id_.dir);
  }
  void TearDown() override {
    if (id_.dir.empty()) return;
    if (HasFailure()) std::fputs(text_of(id_.dir + "/nodes/nodetest-node-0/node.log").c_str(), stderr);
    const auto done = cleanup(id_, true);
    EXPECT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(traces(id_), std::vector<std::string>());
    fs::remove_all(id_.dir);
  }
  std::vector<NodeMachine> up(int count, bool containerd) {
    std::vector<NodeMachine> nodes;
    const auto plan = create_host_network(id_);
    EXPECT_TRUE(plan.ok()) << plan.error().message;
    for (int index = 0; plan.ok() && index < count; index++) {
      NodeSpec spec = node_spec(id_, *plan, index, count);
      spec.program = bin_dir() / "plumbd";
      spec.containerd = containerd;
      spec.sandbox_image = "registry.plumbline.test/pause:v1";
      spec.image_archives = {bin_dir().parent_path() / "share/plumbline/test-images.tar"};
      spec.services = {{"ticker", {"sleep", "3600"}, {}}};
      auto node = NodeMachine::create(spec);
      EXPECT_TRUE(node.ok()) << node.error().message;
      if (node.ok()) nodes.push_back(*node);
    }
    for (const auto& node : nodes) {
      const auto ready = node.wait_ready();
      EXPECT_TRUE(ready.ok()) << ready.error().message;
    }
    plan_ = plan.ok() ? *plan : NetworkPlan{};
    return nodes;
  }
  ClusterId id_;
  NetworkPlan plan_;
};

TEST_F(Nodes, ReachEachOtherAndLookLikeMachines) {
  const auto nodes = up(2, false);
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_TRUE(nodes[0].run({"ping", "-c1", "-W2", plan_.node_ip(1)}).ok() || !run_checked({"which", "ping"}).ok());
  const auto host_name = nodes[1].run({"hostname"});
  ASSERT_TRUE(host_name.ok()) << host_name.error().message;
  EXPECT_EQ(*host_name, "nodetest-node-1\n");
  const auto processes = nodes[0].run({"ps", "-e", "-o", "comm="});
  ASSERT_TRUE(processes.ok());
  EXPECT_NE(processes->find("sleep"), std::string::npos);
  EXPECT_EQ(NodeMachine::create(node_spec(id_, plan_, 0, 2)).error().code, Code::already_exists);
}

TEST_F(Nodes, AServiceThatEndsIsStartedAgain) {
  const auto nodes = up(1, false);
  ASSERT_EQ(nodes.size(), 1u);
  const auto pid_of = [&] {
    const auto found = nodes[0].run({"pgrep", "-x", "sleep"});
    return found.ok() ? *found : "";
  };
  const auto before = pid_of();
  ASSERT_TRUE(nodes[0].run({"pkill", "-9", "-x", "sleep"}).ok());
  const Instant deadline = real_clock().now() + 10s;
  while ((pid_of().empty() || pid_of() == before) && real_clock().now() < deadline) usleep(20000);
  EXPECT_FALSE(pid_of().empty());
  EXPECT_NE(pid_of(), before);
}

TEST_F(Nodes, PodsOnDifferentNodesTalkAndNothingIsLeftWhenEverythingWasKilled) {
  const auto nodes = up(2, true);
  ASSERT_EQ(nodes.size(), 2u);
  std::vector<Pod> pods;
  for (const auto& node : nodes) pods.push_back(start_pod(node));
  for (std::size_t n = 0; n < 2; n++) {
    EXPECT_TRUE(cidrs_overlap(plan_.pod_cidr(static_cast<int>(n)), pods[n].ip));
    const auto answer = pods[n].runtime->exec_sync(pods[n].container, {"/plumb-test", "get", "http://" + pods[1 - n].ip + ":8080/clientip"}, 10s);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->out, pods[n].ip + "\n") << answer->err;
  }
  EXPECT_TRUE(run_checked({"curl", "-sf", "http://" + pods[1].ip + ":8080/hostname"}).ok()) << "the host does not reach a pod";
  EXPECT_NE(traces(id_), std::vector<std::string>());
  for (const pid_t pid : cgroup_processes(cgroup_mounts(), cgroup_name(id_))) kill(pid, SIGKILL);
  // TearDown cleans up by name and folder, and looks for traces.
}

TEST_F(Nodes, OneNodeCanBeTakenAway) {
  const auto nodes = up(2, false);
  ASSERT_EQ(nodes.size(), 2u);
  for (int twice = 0; twice < 2; twice++) {
    const auto gone = destroy_node(id_, nodes[0].name(), true);
    EXPECT_TRUE(gone.ok()) << gone.error().message;
  }
  EXPECT_FALSE(nodes[0].running());
  EXPECT_TRUE(nodes[1].running());
  const auto routes = run_checked({"ip", "route"});
  ASSERT_TRUE(routes.ok());
  EXPECT_EQ(routes->find(plan_.pod_cidr(0)), std::string::npos);
  EXPECT_NE(routes->find(plan_.pod_cidr(1)), std::string::npos);
  EXPECT_FALSE(fs::exists(nodes[0].dir()));
}

TEST_F(Nodes, ANodeComesBackWithItsDiskAfterThePowerCord) {
  auto nodes = up(1, true);
  ASSERT_EQ(nodes.size(), 1u);
  std::ofstream(nodes[0].path_from_host("/var/lib/kept")) << "kept";
  ASSERT_TRUE(nodes[0].kill().ok());
  EXPECT_FALSE(nodes[0].running());
  nodes = up(1, true);
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(text_of(nodes[0].path_from_host("/var/lib/kept")), "kept");
}

}  // namespace
}  // namespace plumb::cluster
