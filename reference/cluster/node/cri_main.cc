// plumb-cri-bench [PODS] [SINGLE]: how long a pod takes when containerd is asked directly: run sandbox, create and start one container of the
// test image. First SINGLE pods one after the other, then PODS at once over two nodes. What a kubelet adds is measured against this.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>

#include "harness/base/encoding.h"
#include "reference/cluster/node/machine.h"
#include "reference/cri/containerd.h"

namespace {

namespace fs = std::filesystem;
using namespace plumb;
using namespace plumb::cluster;

double seconds_since(Instant start) { return std::chrono::duration<double>(real_clock().now() - start).count(); }

struct Bench {
  ClusterId id;
  std::vector<NodeMachine> nodes;
  std::vector<std::unique_ptr<cri::Runtime>> runtimes;

  Status up() {
    const fs::path bin = fs::read_symlink("/proc/self/exe").parent_path();
    const auto plan = PLUMB_TRY(create_host_network(id));
    for (int index = 0; index < 2; index++) {
      NodeSpec spec = node_spec(id, plan, index, 2);
      spec.program = bin / "plumbd";
      spec.sandbox_image = "registry.plumbline.test/pause:v1";
      spec.image_archives = {bin.parent_path() / "share/plumbline/test-images.tar"};
      nodes.push_back(PLUMB_TRY(NodeMachine::create(spec)));
    }
    for (const auto& node : nodes) {
      PLUMB_TRY(node.wait_ready());
      runtimes.push_back(PLUMB_TRY(cri::connect_containerd({.socket = node.containerd_socket()})));
    }
    return {};
  }

  Status start_pod(int node, const std::string& name) {
    cri::SandboxConfig sandbox;
    sandbox.metadata = {name, name, "bench", 0};
    sandbox.log_directory = "/var/log/pods/" + name;
    const auto sandbox_id = PLUMB_TRY(runtimes[node]->run_sandbox(sandbox));
    cri::ContainerConfig container;
    container.name = "main";
    container.image = "registry.plumbline.test/plumb-test:v1";
    container.log_path = "main.log";
    const auto container_id = PLUMB_TRY(runtimes[node]->create_container(sandbox_id, container, sandbox));
    return runtimes[node]->start_container(container_id);
  }
};

void report(const char* what, std::vector<double> seconds, double total) {
  std::sort(seconds.begin(), seconds.end());
  std::printf("%s: %zu pods, p50 %.3f s, p90 %.3f s, max %.3f s, all in %.3f s\n", what, seconds.size(), seconds[seconds.size() / 2],
              seconds[seconds.size() * 9 / 10], seconds.back(), total);
}

Status measure_one_by_one(Bench& bench, int count) {
  std::vector<double> seconds;
  const Instant first = real_clock().now();
  for (int n = 0; n < count; n++) {
    const Instant start = real_clock().now();
    PLUMB_TRY(bench.start_pod(n % 2, "single-" + std::to_string(n)));
    seconds.push_back(seconds_since(start));
  }
  report("one by one", seconds, seconds_since(first));
  return {};
}

Status measure_at_once(Bench& bench, int count) {
  std::vector<double> seconds;
  std::vector<std::thread> threads;
  std::mutex mutex;
  Status problem;
  const Instant start = real_clock().now();
  for (int n = 0; n < count; n++)
    threads.emplace_back([&, n] {
      const auto started = bench.start_pod(n % 2, "burst-" + std::to_string(n));
      std::lock_guard lock(mutex);
      if (!started.ok()) problem = started;
      seconds.push_back(seconds_since(start));
    });
  for (auto& thread : threads) thread.join();
  if (problem.ok()) report("at once on two nodes", seconds, seconds_since(start));
  return problem;
}

Status run(Bench& bench, int pods, int single) {
  const Instant start = real_clock().now();
  PLUMB_TRY(bench.up());
  std::printf("two nodes ready with images in %.3f s\n", seconds_since(start));
  PLUMB_TRY(measure_one_by_one(bench, single));
  return measure_at_once(bench, pods);
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int n, int otherwise) { return argc > n ? static_cast<int>(parse_int(argv[n]).value_or(0)) : otherwise; };
  const int pods = number(1, 30), single = number(2, 10);
  if (pods < 1 || single < 1) return std::fprintf(stderr, "usage: plumb-cri-bench [PODS] [SINGLE]\n"), 2;
  Bench bench{{"cri-bench", fs::temp_directory_path() / ("plumb-cri-bench." + std::to_string(getpid()))}, {}, {}};
  fs::create_directories(bench.id.dir);
  const auto result = run(bench, pods, single);
  bench.runtimes.clear();
  const auto clean = cleanup(bench.id, true);
  if (clean.ok()) fs::remove_all(bench.id.dir);
  for (const auto& status : {result, clean})
    if (!status.ok()) std::fprintf(stderr, "plumb-cri-bench: %s\n", status.error().message.c_str());
  return result.ok() && clean.ok() ? 0 : 1;
}
