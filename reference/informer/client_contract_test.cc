#include "reference/informer/client_contract.h"

#include <atomic>

namespace plumb::informer {

TEST_P(ClientContract, CreatesAndReads) {
  const auto created = create("settings");
  EXPECT_FALSE(created->metadata.uid.empty());
  EXPECT_FALSE(created->metadata.resourceVersion.empty());
  EXPECT_TRUE(created->metadata.creationTimestamp);
  const auto read = client_.get<corev1::ConfigMap>("default", "settings");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ((*read)->data.get("key"), "one");
  EXPECT_EQ((*read)->metadata.uid, created->metadata.uid);
}

TEST_P(ClientContract, GeneratesNames) {
  auto map = config_map("");
  map->metadata.generateName = "settings-";
  const auto created = client_.create<corev1::ConfigMap>(map);
  ASSERT_TRUE(created.ok()) << created.error().message;
  EXPECT_TRUE((*created)->metadata.name.view().starts_with("settings-"));
  EXPECT_EQ((*created)->metadata.name.size(), 14u);
}

TEST_P(ClientContract, SaysWhatIsWrong) {
  const auto missing = client_.get<corev1::ConfigMap>("default", "missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().reason, "NotFound");
  EXPECT_EQ(missing.error().http_status, 404);
  EXPECT_EQ(missing.error().code, Code::not_found);
  create("settings");
  const auto again = client_.create<corev1::ConfigMap>(config_map("settings"));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().reason, "AlreadyExists");
  EXPECT_EQ(again.error().http_status, 409);
}

TEST_P(ClientContract, ReadsPaths) {
  const auto read = client_.get_raw(cluster_->json_path());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_NE(read->find(R"("kind":"Namespace")"), std::string::npos) << *read;
  const auto missing = client_.get_raw("/apis/metrics.example.org/v1/pods?labelSelector=a%3Db");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().reason, "NotFound");
  EXPECT_EQ(missing.error().http_status, 404);
  EXPECT_EQ(missing.error().code, Code::not_found);
}

TEST_P(ClientContract, RefusesStaleUpdates) {
  const auto first = create("settings");
  auto second = std::make_shared<corev1::ConfigMap>(*first);
  second->data.set("key", "two");
  ASSERT_TRUE(client_.update<corev1::ConfigMap>(second).ok());
  auto stale = std::make_shared<corev1::ConfigMap>(*first);
  stale->data.set("key", "three");
  const auto refused = client_.update<corev1::ConfigMap>(stale);
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(is_conflict(refused.error())) << refused.error().reason;
  EXPECT_EQ((*client_.get<corev1::ConfigMap>("default", "settings"))->data.get("key"), "two");
}

TEST_P(ClientContract, Patches) {
  create("settings");
  auto merged = client_.patch<corev1::ConfigMap>("default", "settings", PatchType::merge, R"({"data":{"more":"x"}})");
  ASSERT_TRUE(merged.ok()) << merged.error().message;
  EXPECT_EQ((*merged)->data.get("key"), "one");
  EXPECT_EQ((*merged)->data.get("more"), "x");
  auto listed = client_.patch<corev1::ConfigMap>("default", "settings", PatchType::json, R"([{"op":"remove","path":"/data/more"}])");
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  EXPECT_FALSE((*listed)->data.contains("more"));
  auto strategic = client_.patch<corev1::ConfigMap>("default", "settings", PatchType::strategic,
                                                    R"({"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"u"}]}})");
  ASSERT_TRUE(strategic.ok()) << strategic.error().message;
  ASSERT_EQ((*strategic)->metadata.ownerReferences.size(), 1u);
  strategic = client_.patch<corev1::ConfigMap>("default", "settings", PatchType::strategic,
                                               R"({"metadata":{"ownerReferences":[{"$patch":"delete","uid":"u"}]}})");
  ASSERT_TRUE(strategic.ok()) << strategic.error().message;
  EXPECT_TRUE((*strategic)->metadata.ownerReferences.empty());
}

TEST_P(ClientContract, PatchesOnlyTheObjectMeant) {
  create("settings");
  const auto refused = client_.patch<corev1::ConfigMap>("default", "settings", PatchType::strategic, R"({"metadata":{"uid":"another","labels":{"a":"b"}}})");
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(is_conflict(refused.error())) << refused.error().reason << " " << refused.error().message;
}

TEST_P(ClientContract, Deletes) {
  const auto created = create("settings");
  metav1::DeleteOptions other;
  other.preconditions.ensure().uid = "another";
  const Status refused = client_.remove<corev1::ConfigMap>("default", "settings", other);
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(is_conflict(refused.error())) << refused.error().reason;
  EXPECT_TRUE(client_.remove<corev1::ConfigMap>("default", "settings", only_this(*created)).ok());
  EXPECT_FALSE(client_.get<corev1::ConfigMap>("default", "settings").ok());
  const Status again = client_.remove<corev1::ConfigMap>("default", "settings");
  ASSERT_FALSE(again.ok());
  EXPECT_TRUE(is_not_found(again.error()));
}

TEST_P(ClientContract, WaitsForFinalizers) {
  auto map = config_map("settings");
  map->metadata.finalizers.push_back("example.org/hold");
  ASSERT_TRUE(client_.create<corev1::ConfigMap>(map).ok());
  ASSERT_TRUE(client_.remove<corev1::ConfigMap>("default", "settings").ok());
  auto held = client_.get<corev1::ConfigMap>("default", "settings");
  ASSERT_TRUE(held.ok());
  EXPECT_TRUE((*held)->metadata.deletionTimestamp);
  auto released = std::make_shared<corev1::ConfigMap>(**held);
  released->metadata.finalizers.clear();
  ASSERT_TRUE(client_.update<corev1::ConfigMap>(released).ok());
  EXPECT_FALSE(client_.get<corev1::ConfigMap>("default", "settings").ok());
}

TEST_P(ClientContract, ListsWhatIsSelected) {
  auto red = config_map("red");
  red->metadata.labels.set("color", "red");
  ASSERT_TRUE(client_.create<corev1::ConfigMap>(red).ok());
  create("plain");
  ListOptions options;
  options.namespace_ = "default";
  options.label_selector = "color=red";
  const auto selected = client_.list(resource_of<corev1::ConfigMap>(), options);
  ASSERT_TRUE(selected.ok()) << selected.error().message;
  ASSERT_EQ(selected->items.size(), 1u);
  EXPECT_EQ(selected->items[0]->metadata.name, "red");
  EXPECT_FALSE(selected->metadata.resourceVersion.empty());
}

TEST_P(ClientContract, DeletesCollections) {
  create("a");
  create("b");
  ASSERT_TRUE(client_.call(remove_collection_request(resource_of<corev1::ConfigMap>(), "default")).ok());
  ListOptions options;
  options.namespace_ = "default";
  const auto left = client_.list(resource_of<corev1::ConfigMap>(), options);
  ASSERT_TRUE(left.ok());
  EXPECT_TRUE(left->items.empty());
}

TEST_P(ClientContract, WatchesFromAVersion) {
  const auto first = create("settings");
  WatchOptions options;
  options.namespace_ = "default";
  options.resource_version = first->metadata.resourceVersion.str();
  WatchLog log;
  const auto watch = client_.watch(resource_of<corev1::ConfigMap>(), options, log.handler());
  auto second = std::make_shared<corev1::ConfigMap>(*first);
  second->data.set("key", "two");
  ASSERT_TRUE(client_.update<corev1::ConfigMap>(second).ok());
  create("other");
  ASSERT_TRUE(client_.remove<corev1::ConfigMap>("default", "settings").ok());
  const auto events = log.wait_for(3);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].type, WatchEvent::Type::modified);
  EXPECT_EQ(static_cast<const corev1::ConfigMap&>(*events[0].object).data.get("key"), "two");
  EXPECT_EQ(events[1].type, WatchEvent::Type::added);
  EXPECT_EQ(events[1].object->metadata.name, "other");
  EXPECT_EQ(events[2].type, WatchEvent::Type::deleted);
  EXPECT_EQ(events[2].object->metadata.name, "settings");
}

TEST_P(ClientContract, DeliversNothingAfterAWatchHasEnded) {
  WatchOptions options;
  options.namespace_ = "default";
  options.resource_version = create("settings")->metadata.resourceVersion.str();
  std::atomic<bool> ended = false, late = false;
  auto watch = client_.watch(resource_of<corev1::ConfigMap>(), options, [&](WatchEvent) { late = late || ended; });
  for (int i = 0; i < 20; ++i) client_.send(create_request(config_map("m" + std::to_string(i))), [](Result<ObjectPtr>) {});
  watch.reset();
  ended = true;
  create("last");
  EXPECT_FALSE(late);
}

TEST_P(ClientContract, KeepsManyCallsInFlight) {
  constexpr int count = 200;
  std::mutex mutex;
  std::condition_variable done;
  int answered = 0, failed = 0;
  for (int i = 0; i < count; ++i) {
    client_.send(create_request(config_map("m" + std::to_string(i))), [&](Result<ObjectPtr> result) {
      std::lock_guard lock(mutex);
      ++answered;
      failed += !result.ok();
      done.notify_all();
    });
  }
  std::unique_lock lock(mutex);
  ASSERT_TRUE(done.wait_for(lock, std::chrono::seconds(20), [&] { return answered == count; }));
  EXPECT_EQ(failed, 0);
}

TEST_P(ClientContract, BindsPods) {
  const auto created = client_.create<corev1::Pod>(pod("p"));
  ASSERT_TRUE(created.ok()) << created.error().message;
  ASSERT_TRUE(client_.call(bind_request(**created, "node-1")).ok());
  const auto bound = client_.get<corev1::Pod>("default", "p");
  ASSERT_TRUE(bound.ok());
  EXPECT_EQ((*bound)->spec.nodeName, "node-1");
  const auto again = client_.call(bind_request(**created, "node-2"));
  ASSERT_FALSE(again.ok());
  EXPECT_TRUE(is_conflict(again.error()));
}

TEST_P(ClientContract, KeepsStatusApartFromSpec) {
  const auto created = client_.create<corev1::Pod>(pod("p"));
  ASSERT_TRUE(created.ok()) << created.error().message;
  auto changed = std::make_shared<corev1::Pod>(**created);
  changed->status.phase = "Running";
  changed->spec.activeDeadlineSeconds = 5;
  const auto updated = client_.update_status<corev1::Pod>(changed);
  ASSERT_TRUE(updated.ok()) << updated.error().message;
  EXPECT_EQ((*updated)->status.phase, "Running");
  EXPECT_FALSE((*updated)->spec.activeDeadlineSeconds);
}

}  // namespace plumb::informer
