// How fast a Deployment becomes pods: API server, embedded store, informers and controllers in one process, every write durable.
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "harness/base/log.h"
#include "harness/base/random.h"
#include "reference/api/types/appsv1.h"
#include "reference/apiserver/apiserver.h"
#include "reference/controllers/framework/manager.h"
#include "reference/informer/in_process.h"
#include "reference/store/embedded/embedded_store.h"

namespace plumb::controllers {
namespace {

std::shared_ptr<appsv1::Deployment> deployment(std::int32_t replicas) {
  auto made = std::make_shared<appsv1::Deployment>();
  made->metadata.namespace_ = "default";
  made->metadata.name = "web-" + random_suffix(5);
  made->spec.replicas = replicas;
  made->spec.selector.ensure().matchLabels.set("app", made->metadata.name);
  made->spec.template_.metadata.labels.set("app", made->metadata.name);
  corev1::Container& container = made->spec.template_.spec.containers.emplace_back();
  container.name = "main";
  container.image = "example.org/image:1";
  return made;
}

void deployment_to_pods(benchmark::State& state) {
  log::set_level(log::Level::error);
  const auto replicas = static_cast<std::int32_t>(state.range(0));
  const std::string dir = (std::filesystem::temp_directory_path() / ("plumb-bench-" + random_suffix(8))).string();
  auto store = std::move(*store::EmbeddedStore::open({dir}, real_clock()));
  apiserver::ApiserverOptions options;
  options.store = store.get();
  options.clock = &real_clock();
  options.port = 0;
  options.disabled_admission = {"ServiceAccount"};
  options.security = [](apiserver::Registry&) -> Result<apiserver::Security> { return apiserver::Security{}; };
  auto server = std::move(*apiserver::Apiserver::start(std::move(options)));
  {
    informer::InProcessTransport transport(server->registry(), {});
    apiserver::User user;
    user.name = "bench";
    const auto client = transport.client(std::make_shared<const apiserver::User>(user), "bench");
    auto home = std::make_shared<corev1::Namespace>();
    home->metadata.name = "default";
    (void)client->create<corev1::Namespace>(home);
    informer::InformerFactory informers(*client, real_clock());
    std::mutex mutex;
    std::condition_variable changed;
    std::int64_t pods = 0;
    informers.informer<corev1::Pod>().add_handler([&](const informer::ObjectPtr& before, const informer::ObjectPtr&) {
      if (before) return;
      std::lock_guard lock(mutex);
      ++pods;
      changed.notify_all();
    });
    Manager manager({.controllers = {"deployment-controller", "replicaset-controller"}}, [&](const std::string&) { return client.get(); },
                    informers, real_clock());
    if (!manager.start().ok()) state.SkipWithError("the controllers do not start");
    for (auto _ : state) {
      std::unique_lock lock(mutex);
      pods = 0;
      lock.unlock();
      const auto made = client->create<appsv1::Deployment>(deployment(replicas));
      if (!made.ok()) state.SkipWithError(made.error().message.c_str());
      lock.lock();
      changed.wait_for(lock, std::chrono::seconds(60), [&] { return pods >= replicas; });
    }
    manager.stop();
    informers.stop();
  }
  server.reset();
  store->close();
  store.reset();
  std::filesystem::remove_all(dir);
}
BENCHMARK(deployment_to_pods)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(5);

}  // namespace
}  // namespace plumb::controllers
