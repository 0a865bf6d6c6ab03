// What every client promises, whatever lies behind it; the promises are in client_contract_test.cc. Each implementation's test instantiates
// the suite with it:
//
//   INSTANTIATE_TEST_SUITE_P(Fake, ClientContract, testing::Values([] { return std::make_unique<FakeCluster>(); }));
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "reference/api/types/appsv1.h"
#include "reference/api/types/corev1.h"
#include "reference/informer/client.h"

namespace plumb::informer {

// A cluster with a namespace "default", and a client that may do everything.
class ClusterUnderTest {
 public:
  virtual ~ClusterUnderTest() = default;
  virtual Client& client() = 0;
  // A path that answers with JSON: served already, or now.
  virtual std::string json_path() { return "/api/v1/namespaces/default"; }
};

class ClientContract : public testing::TestWithParam<std::function<std::unique_ptr<ClusterUnderTest>()>> {
 protected:
  std::unique_ptr<ClusterUnderTest> cluster_ = GetParam()();
  Client& client_ = cluster_->client();

  static std::shared_ptr<corev1::ConfigMap> config_map(std::string_view name, std::string_view value = "one") {
    auto map = std::make_shared<corev1::ConfigMap>();
    map->metadata.namespace_ = "default";
    map->metadata.name = name;
    map->data.set("key", api::Str(value));
    return map;
  }
  static std::shared_ptr<corev1::Pod> pod(std::string_view name) {
    auto pod = std::make_shared<corev1::Pod>();
    pod->metadata.namespace_ = "default";
    pod->metadata.name = name;
    corev1::Container& container = pod->spec.containers.emplace_back();
    container.name = "main";
    container.image = "example.org/image:1";
    return pod;
  }
  std::shared_ptr<const corev1::ConfigMap> create(std::string_view name, std::string_view value = "one") {
    auto created = client_.create<corev1::ConfigMap>(config_map(name, value));
    EXPECT_TRUE(created.ok()) << created.error().message;
    return *created;
  }
};

// Collects what a watch delivers, for a thread that waits for it.
class WatchLog {
 public:
  WatchHandler handler() {
    return [this](WatchEvent event) {
      std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
      changed_.notify_all();
    };
  }
  // Bookmarks are left out. Fewer than asked for when they do not come within ten seconds.
  std::vector<WatchEvent> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return told().size() >= count; });
    return told();
  }

 private:
  std::vector<WatchEvent> told() const {
    std::vector<WatchEvent> result;
    for (const WatchEvent& event : events_)
      if (event.type != WatchEvent::Type::bookmark) result.push_back(event);
    return result;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<WatchEvent> events_;
};

}  // namespace plumb::informer
