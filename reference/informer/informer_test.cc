#include "reference/informer/informer.h"

#include <gtest/gtest.h>

#include "reference/api/types/corev1.h"
#include "reference/informer/fake_client.h"

namespace plumb::informer {
namespace {

using namespace std::chrono_literals;

struct InformerTest : testing::Test {
  VirtualClock clock;
  FakeClient client{clock};
  Informer informer{client, clock, resource_of<corev1::ConfigMap>()};
  std::vector<std::string> seen;

  InformerTest() {
    informer.add_handler([this](const ObjectPtr& before, const ObjectPtr& after) {
      const auto value = [](const ObjectPtr& object) { return static_cast<const corev1::ConfigMap&>(*object).data.get("v").str(); };
      seen.push_back(!before  ? "add " + object_key(*after) + "=" + value(after)
                     : !after ? "delete " + object_key(*before) + "=" + value(before)
                              : "update " + object_key(*after) + "=" + value(before) + ">" + value(after));
    });
  }
  void put(std::string_view name, std::string_view value) {
    auto map = std::make_shared<corev1::ConfigMap>();
    map->metadata.namespace_ = "ns";
    map->metadata.name = name;
    map->data.set("v", api::Str(value));
    client.add(map);
  }
  void drop(std::string_view name) { client.erase(resource_of<corev1::ConfigMap>(), object_key("ns", name)); }
  std::vector<std::string> take() { return std::exchange(seen, {}); }
  using Seen = std::vector<std::string>;
};

TEST_F(InformerTest, ShowsWhatIsThereAndWhatChanges) {
  put("a", "1");
  EXPECT_FALSE(informer.has_synced());
  informer.start();
  EXPECT_TRUE(informer.has_synced());
  EXPECT_EQ(take(), (Seen{"add ns/a=1"}));
  put("a", "2");
  put("b", "1");
  drop("a");
  EXPECT_EQ(take(), (Seen{"update ns/a=1>2", "add ns/b=1", "delete ns/a=2"}));
  EXPECT_EQ(informer.store().size(), 1u);
}

TEST_F(InformerTest, SharesTheServersSnapshots) {
  put("a", "1");
  informer.start();
  EXPECT_EQ(informer.store().get("ns/a"), client.find(resource_of<corev1::ConfigMap>(), "ns/a"));
}

TEST_F(InformerTest, TellsALateHandlerEverything) {
  put("a", "1");
  informer.start();
  int adds = 0;
  informer.add_handler([&](const ObjectPtr& before, const ObjectPtr& after) { adds += !before && after; });
  EXPECT_EQ(adds, 1);
}

TEST_F(InformerTest, ResumesABrokenWatchWithoutListing) {
  informer.start();
  put("a", "1");
  client.break_watches(fail(Code::unavailable, "connection refused"));
  put("b", "1");
  EXPECT_EQ(take(), (Seen{"add ns/a=1"}));
  clock.advance(1s);
  EXPECT_EQ(take(), (Seen{"add ns/b=1"}));
  put("c", "1");
  EXPECT_EQ(take(), (Seen{"add ns/c=1"}));
}

TEST_F(InformerTest, ListsAgainAfterCompactionAndDeliversTheDifference) {
  for (const char* name : {"a", "b", "c"}) put(name, "1");
  informer.start();
  take();
  client.break_watches(fail(Code::unavailable, "connection refused"));
  put("b", "2");
  drop("c");
  put("d", "1");
  client.compact();
  clock.advance(1s);
  EXPECT_EQ(take(), (Seen{"update ns/b=1>2", "add ns/d=1", "delete ns/c=1"}));
  put("a", "2");
  EXPECT_EQ(take(), (Seen{"update ns/a=1>2"}));
}

TEST_F(InformerTest, IndexesObjects) {
  informer.add_index("value", [](const api::Object& object, std::vector<std::string>& values) {
    values.push_back(static_cast<const corev1::ConfigMap&>(object).data.get("v").str());
  });
  informer.start();
  put("a", "x");
  put("b", "x");
  put("c", "y");
  EXPECT_EQ(informer.store().by_index("value", "x").size(), 2u);
  put("b", "y");
  EXPECT_EQ(informer.store().by_index("value", "x").size(), 1u);
  EXPECT_EQ(informer.store().count_by_index("value", "y"), 2u);
  drop("c");
  EXPECT_EQ(informer.lister<corev1::ConfigMap>().by_index("value", "y").size(), 1u);
  EXPECT_EQ(informer.store().count_by_index("value", "z"), 0u);
}

TEST_F(InformerTest, BacksOffWhileTheServerIsAway) {
  int asked = 0;
  informer.start();
  for (int i = 0; i < 10; ++i) {
    client.break_watches(fail(Code::unavailable, "connection refused"));
    asked += clock.advance_to_next(61s);
  }
  EXPECT_EQ(asked, 10);
  put("a", "1");
  EXPECT_EQ(informer.store().size(), 1u);
}

// A server that does not serve what is listed.
class OlderServer : public Client {
 public:
  OlderServer(FakeClient& newer) : newer_(newer) {}
  void send(Request request, Done done) override { newer_.send(std::move(request), std::move(done)); }
  void list(const Resource& resource, const ListOptions& options, ListDone done) override {
    if (refusal) return done(fail(*refusal, "the server could not find the requested resource"));
    newer_.list(resource, options, std::move(done));
  }
  std::unique_ptr<Watch> watch(const Resource& resource, const WatchOptions& options, WatchHandler handler) override {
    return newer_.watch(resource, options, std::move(handler));
  }
  void get_raw(std::string path_and_query, RawDone done) override { newer_.get_raw(std::move(path_and_query), std::move(done)); }
  std::optional<Code> refusal;

 private:
  FakeClient& newer_;
};

TEST(InformerOfAnOlderServer, HasNothingUntilTheResourceIsServed) {
  VirtualClock clock;
  FakeClient newer(clock);
  OlderServer client(newer);
  auto map = std::make_shared<corev1::ConfigMap>();
  map->metadata.namespace_ = "ns";
  map->metadata.name = "a";
  newer.add(map);
  Informer informer(client, clock, resource_of<corev1::ConfigMap>());
  client.refusal = Code::unavailable;
  informer.start();
  EXPECT_FALSE(informer.has_synced()) << "it may have some";
  client.refusal = Code::not_found;
  clock.advance_to_next(61s);
  EXPECT_TRUE(informer.has_synced());
  EXPECT_EQ(informer.store().size(), 0u);
  client.refusal.reset();
  clock.advance_to_next(61s);
  EXPECT_EQ(informer.store().size(), 1u);
}

TEST(InformerFactoryTest, MakesOneInformerPerResourceAndScope) {
  VirtualClock clock;
  FakeClient client(clock);
  InformerFactory factory(client, clock);
  Informer& pods = factory.informer<corev1::Pod>();
  EXPECT_EQ(&pods, &factory.informer<corev1::Pod>());
  EXPECT_NE(&pods, &factory.informer<corev1::Pod>({.field_selector = "spec.nodeName=n1"}));
  EXPECT_FALSE(factory.has_synced());
  factory.start();
  EXPECT_TRUE(factory.has_synced());
  EXPECT_TRUE(factory.informer<corev1::Node>().has_synced());
  EXPECT_EQ(client.watches(), 3u);
  factory.stop();
  EXPECT_EQ(client.watches(), 0u);
}

}  // namespace
}  // namespace plumb::informer
