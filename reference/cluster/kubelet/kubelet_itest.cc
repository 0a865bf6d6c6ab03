// Pods on a real containerd in a node of their own, against a cluster in memory. The program runs itself once more inside the node.
#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "reference/api/codec/json.h"
#include "reference/cluster/node/machine.h"
#include "reference/cri/containerd.h"
#include "reference/informer/fake_client.h"
#include "reference/informer/informer.h"
#include "reference/kubelet/host_pods.h"
#include "reference/kubelet/logs.h"
#include "reference/kubelet/pod_workers.h"
#include "reference/kubelet/probe_runner.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr char kImage[] = "registry.plumbline.test/plumb-test:v1";
constexpr char kInside[] = "PLUMB_KUBELET_ITEST_INSIDE";

// The kubelet's parts around a containerd of this node; what the API would hold is in memory.
class Node {
 public:
  Node() : executor(std::make_unique<ThreadExecutor>(64)) {
    runtime = cri::connect_containerd({}).value();
    objects = std::make_unique<ReferencedObjects>(client, clock, [this] {
      executor->post([this] {
        for (const auto& pod : workers->pods()) (void)host->refresh(*pod);
        workers->retry_waiting();
      });
    });
    HostPodsOptions options;
    options.node_name = "node";
    options.node_ip = "127.0.0.1";
    options.milli_cpu = 4000;
    options.memory_bytes = std::int64_t{8} << 30;
    options.storage_bytes = std::int64_t{8} << 30;
    host = std::make_unique<HostPods>(options, *objects, *runtime);
    probes = make_probe_runner(*runtime);
    events = std::make_unique<informer::EventRecorder>(client, clock, "kubelet", "node");
    start_workers();
    informer = std::make_unique<informer::Informer>(client, clock, informer::resource_of<corev1::Pod>());
    informer->add_handler([this](const auto& before, const auto& after) {
      if (after) workers->update(api::as<corev1::Pod>(after));
      else workers->removed(*api::as<corev1::Pod>(before));
    });
    informer->start();
  }
  ~Node() {
    informer.reset();
    executor->stop();
    workers.reset();
  }
  void start_workers() {
    NodeServices services{clock, client, *runtime, *executor, *host, probes.get(), events.get(), "node", "127.0.0.1"};
    workers = std::make_unique<PodWorkers>(services);
    ASSERT_TRUE(workers->adopt().ok());
  }

  Clock& clock = real_clock();
  informer::FakeClient client{real_clock()};
  std::unique_ptr<cri::Runtime> runtime;
  std::unique_ptr<ThreadExecutor> executor;
  std::unique_ptr<ReferencedObjects> objects;
  std::unique_ptr<HostPods> host;
  std::unique_ptr<ProbeRunner> probes;
  std::unique_ptr<informer::EventRecorder> events;
  std::unique_ptr<PodWorkers> workers;
  std::unique_ptr<informer::Informer> informer;
};

class PodsOnContainerd : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!getenv(kInside)) GTEST_SKIP() << "runs inside a node: see KubeletInNode";
    node_ = std::make_unique<Node>();
  }
  static std::shared_ptr<corev1::Pod> make_pod(const std::string& name, std::vector<std::string> args, const char* policy = "Always") {
    auto pod = std::make_shared<corev1::Pod>();
    pod->metadata.name = name;
    pod->metadata.namespace_ = "default";
    pod->spec.nodeName = "node";
    pod->spec.restartPolicy = policy;
    pod->spec.terminationGracePeriodSeconds = 5;
    auto& container = pod->spec.containers.emplace_back();
    container.name = "main";
    container.image = kImage;
    container.imagePullPolicy = "IfNotPresent";
    for (const auto& arg : args) container.args.push_back(arg);
    return pod;
  }
  PodPtr find(const std::string& name) { return node().client.find<corev1::Pod>("default/" + name); }
  bool eventually(const std::function<bool()>& holds, Duration limit = 30s) {
    const Instant end = real_clock().now() + limit;
    while (!holds()) {
      if (real_clock().now() > end) return false;
      std::this_thread::sleep_for(2ms);
    }
    return true;
  }
  bool is_ready(const std::string& name) {
    const auto pod = find(name);
    return pod && std::any_of(pod->status.conditions.begin(), pod->status.conditions.end(), [](const auto& c) { return c.type == "Ready" && c.status == "True"; });
  }
  std::string seen(const std::string& name) {
    const auto pod = find(name);
    std::string text = pod ? api::to_json(pod->status) : "gone";
    for (const auto& event : node().client.all<corev1::Event>()) text += "\n" + event->reason.str() + ": " + event->message.str();
    return text;
  }
  void create(const std::shared_ptr<corev1::Pod>& pod) { ASSERT_TRUE(node().client.create<corev1::Pod>(pod).ok()); }
  void remove(const std::string& name) {
    metav1::DeleteOptions options;
    options.gracePeriodSeconds = 5;
    (void)node().client.remove<corev1::Pod>("default", name, options);
    EXPECT_TRUE(eventually([&] { return !find(name); })) << name;
  }

  Node& node() { return *node_; }
  std::unique_ptr<Node> node_;
};

TEST_F(PodsOnContainerd, APodRunsAndEnds) {
  const Instant start = real_clock().now();
  create(make_pod("web", {"serve", "--http", "80"}));
  ASSERT_TRUE(eventually([&] { return is_ready("web"); })) << seen("web");
  std::printf("ready after %.3f s\n", std::chrono::duration<double>(real_clock().now() - start).count());
  const auto pod = find("web");
  EXPECT_EQ(pod->status.phase, "Running");
  EXPECT_FALSE(pod->status.podIP.empty());
  EXPECT_TRUE(pod->status.containerStatuses[0].containerID.view().starts_with("containerd://"));
  const Instant stop = real_clock().now();
  remove("web");
  std::printf("gone after %.3f s\n", std::chrono::duration<double>(real_clock().now() - stop).count());
  EXPECT_TRUE(eventually([&] { return node().workers->size() == 0; }));
  EXPECT_TRUE(node().runtime->list_sandboxes({})->empty());
}

TEST_F(PodsOnContainerd, VolumesEnvironmentAndFilesAreThere) {
  auto map = std::make_shared<corev1::ConfigMap>();
  map->metadata.name = "cm";
  map->metadata.namespace_ = "default";
  map->data = {{"a", "one"}};
  ASSERT_TRUE(node().client.create<corev1::ConfigMap>(map).ok());
  auto pod = make_pod("files", {"serve", "--http", "80"});
  auto& container = pod->spec.containers[0];
  auto& env = container.env.emplace_back();
  env.name = "A";
  auto& key = env.valueFrom.ensure().configMapKeyRef.ensure();
  key.localObjectReference.name = "cm";
  key.key = "a";
  auto& sum = container.env.emplace_back();
  sum.name = "B";
  sum.value = "$(A)-$(NONE)-$$(A)";
  auto& ip = container.env.emplace_back();
  ip.name = "IP";
  ip.valueFrom.ensure().fieldRef.ensure().fieldPath = "status.podIP";
  auto& config = pod->spec.volumes.emplace_back();
  config.name = "config";
  config.volumeSource.configMap.ensure().localObjectReference.name = "cm";
  auto& memory = pod->spec.volumes.emplace_back();
  memory.name = "memory";
  memory.volumeSource.emptyDir.ensure().medium = "Memory";
  for (const auto& [name, path] : {std::pair("config", "/etc/config"), {"memory", "/memory"}}) {
    auto& mount = container.volumeMounts.emplace_back();
    mount.name = name;
    mount.mountPath = path;
  }
  create(pod);
  ASSERT_TRUE(eventually([&] { return is_ready("files"); })) << seen("files");
  const std::string id = find("files")->status.containerStatuses[0].containerID.str().substr(13);
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "/plumb-test");
    const auto result = node().runtime->exec_sync(id, words, 10s);
    return result.ok() ? result->out + result->err : result.error().message;
  };
  EXPECT_EQ(run({"cat", "/etc/config/a"}), "one");
  EXPECT_EQ(run({"env", "B"}), "one-$(NONE)-$(A)\n");
  EXPECT_EQ(run({"env", "IP"}), find("files")->status.podIP.str() + "\n");
  EXPECT_NE(run({"cat", "/etc/hosts"}).find(find("files")->status.podIP.str() + "\tfiles"), std::string::npos);
  EXPECT_NE(run({"file", "/memory"}).find("tmpfs"), std::string::npos);
  auto changed = std::make_shared<corev1::ConfigMap>(*node().client.find<corev1::ConfigMap>("default/cm"));
  changed->data = {{"a", "two"}};
  ASSERT_TRUE(node().client.update<corev1::ConfigMap>(changed).ok());
  EXPECT_TRUE(eventually([&] { return run({"cat", "/etc/config/a"}) == "two"; }));
  remove("files");
}

// Of a folder of this node: the volume "pv", its claim "claim", and a pod with it at /data and a part of it at /part.
class ClaimsOnContainerd : public PodsOnContainerd {
 protected:
  void make_claim(const std::string& folder) {
    fs::create_directories(folder);
    auto here = std::make_shared<corev1::Node>();
    here->metadata.name = "node";
    node().client.add(here);
    auto claim = std::make_shared<corev1::PersistentVolumeClaim>();
    claim->metadata.name = "claim";
    claim->metadata.namespace_ = "default";
    claim->metadata.uid = "claim-uid";
    claim->spec.volumeName = "pv";
    claim->status.phase = "Pending";
    node().client.add(claim);
    auto volume = std::make_shared<corev1::PersistentVolume>();
    volume->metadata.name = "pv";
    volume->spec.persistentVolumeSource.local.ensure().path = folder;
    volume->spec.claimRef.ensure().uid = "claim-uid";
    node().client.add(volume);
  }
  void bind_claim() {
    auto claim = std::make_shared<corev1::PersistentVolumeClaim>(*node().client.find<corev1::PersistentVolumeClaim>("default/claim"));
    claim->status.phase = "Bound";
    ASSERT_TRUE(node().client.update_status<corev1::PersistentVolumeClaim>(claim).ok());
  }
  static std::shared_ptr<corev1::Pod> make_user(const std::string& name) {
    auto pod = make_pod(name, {"serve", "--http", "80"});
    auto& volume = pod->spec.volumes.emplace_back();
    volume.name = "data";
    volume.volumeSource.persistentVolumeClaim.ensure().claimName = "claim";
    for (const auto& [path, part] : {std::pair("/data", ""), {"/part", "in/side"}}) {
      auto& mount = pod->spec.containers[0].volumeMounts.emplace_back();
      mount.name = "data";
      mount.mountPath = path;
      mount.subPath = part;
    }
    return pod;
  }
  std::string run(const std::string& pod, std::vector<std::string> words) {
    words.insert(words.begin(), "/plumb-test");
    const auto result = node().runtime->exec_sync(find(pod)->status.containerStatuses[0].containerID.str().substr(13), words, 10s);
    return result.ok() ? result->out + result->err : result.error().message;
  }
};

TEST_F(ClaimsOnContainerd, DataWaitsForItsClaimAndOutlivesItsPods) {
  const std::string folder = "/var/lib/data";
  make_claim(folder);
  create(make_user("first"));
  ASSERT_TRUE(eventually([&] { return seen("first").find("failed to process volumes=[data]: error processing PVC default/claim: PVC is not bound") != std::string::npos; }))
      << seen("first");
  bind_claim();
  ASSERT_TRUE(eventually([&] { return is_ready("first"); })) << seen("first");
  EXPECT_EQ(run("first", {"write", "/data/file", "kept"}), "");
  EXPECT_EQ(run("first", {"write", "/part/file", "also kept"}), "");
  EXPECT_EQ(run("first", {"cat", "/data/in/side/file"}), "also kept");
  remove("first");
  EXPECT_TRUE(eventually([&] { return node().workers->size() == 0; }));
  EXPECT_TRUE(fs::is_empty("/var/lib/kubelet/pods"));
  EXPECT_TRUE(fs::exists(folder + "/in/side/file"));
  create(make_user("second"));
  ASSERT_TRUE(eventually([&] { return is_ready("second"); })) << seen("second");
  EXPECT_EQ(run("second", {"cat", "/data/file", "/part/file"}), "keptalso kept");
  remove("second");
}

TEST_F(PodsOnContainerd, AKilledContainerIsRestartedAndTheLogIsRead) {
  create(make_pod("kill", {"serve", "--http", "80"}));
  ASSERT_TRUE(eventually([&] { return is_ready("kill"); })) << seen("kill");
  const std::string id = find("kill")->status.containerStatuses[0].containerID.str().substr(13);
  ASSERT_TRUE(node().runtime->stop_container(id, 0s).ok());
  EXPECT_TRUE(eventually([&] { return find("kill")->status.containerStatuses[0].restartCount == 1 && is_ready("kill"); })) << seen("kill");
  const auto& last = find("kill")->status.containerStatuses[0].lastState;
  ASSERT_TRUE(last.terminated);
  EXPECT_EQ(last.terminated->exitCode, 137);
  const std::string log = node().host->log_dir(*find("kill")) + "/main/1.log";
  EXPECT_TRUE(eventually([&] { return tail_of_log(log, 5, 100) == "serving\n"; })) << tail_of_log(log, 5, 100);
  remove("kill");
}

TEST_F(PodsOnContainerd, ProbesDecideReadinessAndRestart) {
  auto pod = make_pod("probed", {"serve", "--http", "80"});
  auto& ready = pod->spec.containers[0].readinessProbe.ensure();
  ready.periodSeconds = 1;
  ready.failureThreshold = 1;
  auto& get = ready.probeHandler.httpGet.ensure();
  get.path = "/readyz";
  get.port = 80;
  auto& live = pod->spec.containers[0].livenessProbe.ensure();
  live.periodSeconds = 1;
  live.failureThreshold = 1;
  live.initialDelaySeconds = 3;
  for (const char* word : {"/plumb-test", "exit", "1"}) live.probeHandler.exec.ensure().command.push_back(word);
  create(pod);
  ASSERT_TRUE(eventually([&] { return is_ready("probed"); })) << seen("probed");
  EXPECT_TRUE(eventually([&] { return find("probed")->status.containerStatuses[0].restartCount == 1; })) << seen("probed");
  remove("probed");
}

TEST_F(PodsOnContainerd, ThirtyPodsAtOnceTakeLittleMoreThanTheRuntime) {
  constexpr int kPods = 30;
  const auto bare = [&] {
    std::vector<std::thread> threads;
    std::vector<std::string> sandboxes(kPods);
    const Instant start = real_clock().now();
    for (int n = 0; n < kPods; n++)
      threads.emplace_back([&, n] {
        const auto pod = make_pod("bare" + std::to_string(n), {"serve"});
        pod->metadata.uid = "bare" + std::to_string(n);
        auto sandbox = basic_sandbox_config(*pod, 0);
        auto config = basic_container_config(*pod, pod->spec.containers[0], 0);
        config.args = {"serve"};
        sandbox.log_directory = "/var/log/pods/bare" + std::to_string(n);
        sandboxes[n] = node().runtime->run_sandbox(sandbox).value();
        fs::create_directories(sandbox.log_directory + "/main");
        (void)node().runtime->start_container(node().runtime->create_container(sandboxes[n], config, sandbox).value());
      });
    for (auto& thread : threads) thread.join();
    const Duration took = real_clock().now() - start;
    for (const auto& id : sandboxes) (void)node().runtime->remove_sandbox(id);
    return took;
  };
  const auto kubelet = [&] {
    const Instant start = real_clock().now();
    for (int n = 0; n < kPods; n++) create(make_pod("many" + std::to_string(n), {"serve"}));
    EXPECT_TRUE(eventually([&] {
      for (int n = 0; n < kPods; n++)
        if (!is_ready("many" + std::to_string(n))) return false;
      return true;
    }, 60s));
    const Duration took = real_clock().now() - start;
    for (int n = 0; n < kPods; n++) remove("many" + std::to_string(n));
    return took;
  };
  const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
  const double without = seconds(bare()), with = seconds(kubelet());
  std::printf("30 pods at once: %.3f s by bare CRI calls, %.3f s by the kubelet\n", without, with);
  EXPECT_LT(with, without * 2.5);
}

// The whole program once more, inside a node.
class KubeletInNode : public ::testing::Test {
 protected:
  static std::string missing() {
    if (geteuid() != 0) return "needs root";
    for (const char* program : {"containerd", "runc", "ctr", "nft", "ip"})
      if (!run_checked({"which", program}).ok()) return std::string("needs ") + program;
    return fs::exists(bin() / "plumbd") && fs::exists(archive()) ? "" : "needs plumbd and the test images beside the test";
  }
  static fs::path bin() { return fs::read_symlink("/proc/self/exe").parent_path(); }
  static fs::path archive() { return bin().parent_path() / "share/plumbline/test-images.tar"; }
};

TEST_F(KubeletInNode, PassesItsTestsInside) {
  if (getenv(kInside)) GTEST_SKIP() << "is inside already";
  if (const auto why = missing(); !why.empty()) GTEST_SKIP() << why;
  const fs::path dir = fs::temp_directory_path() / ("plumb-kubelet-itest." + std::to_string(getpid()));
  fs::create_directories(dir);
  const cluster::ClusterId id{"kubelettest", dir};
  const auto run = [&]() -> Status {
    const auto plan = PLUMB_TRY(cluster::create_host_network(id));
    cluster::NodeSpec spec = cluster::node_spec(id, plan, 0, 1);
    spec.program = bin() / "plumbd";
    spec.sandbox_image = "registry.plumbline.test/pause:v1";
    spec.image_archives = {archive()};
    const auto machine = PLUMB_TRY(cluster::NodeMachine::create(spec));
    PLUMB_TRY(machine.wait_ready());
    std::string filter = ::testing::GTEST_FLAG(filter);
    ProcessSpec process;
    process.args = machine.command_inside({fs::read_symlink("/proc/self/exe").string(), "--gtest_filter=" + filter});
    process.extra_env = {{kInside, "1"}};
    const auto result = PLUMB_TRY(run_and_capture(process, {.limit = 300s}));
    std::printf("%s%s", result.out.c_str(), result.err.c_str());
    if (!result.status.ok()) return fail(Code::internal, "the tests inside the node failed: " + result.status.text());
    return {};
  };
  const Status done = run();
  const Status clean = cluster::cleanup(id, true);
  fs::remove_all(dir);
  EXPECT_TRUE(done.ok()) << done.error().message;
  EXPECT_TRUE(clean.ok()) << clean.error().message;
}

}  // namespace
}  // namespace plumb::kubelet
