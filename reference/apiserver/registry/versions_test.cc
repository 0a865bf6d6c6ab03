// One stored object behind several served versions: read, listed, watched, patched and deleted through each.
#include <gtest/gtest.h>

#include "reference/api/codec/protobuf.h"
#include "reference/api/types/autoscalingv1.h"
#include "reference/api/types/autoscalingv2.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/eventsv1.h"
#include "reference/apiserver/http/serving_test.h"

namespace plumb::apiserver::test {
namespace {

class Versions : public RegistryTest {
 protected:
  static std::shared_ptr<corev1::Event> event(const std::string& name) {
    auto made = std::make_shared<corev1::Event>();
    made->metadata.name = name;
    made->metadata.namespace_ = "default";
    made->involvedObject.namespace_ = "default";
    made->involvedObject.name = "p";
    made->message = "text";
    return made;
  }
  ApiResult<WatcherPtr> watch(const Resource& resource, const WatchOptions& options = {}) {
    return await<WatcherPtr>([&](auto done) { registry_->watch(resource, options, done); });
  }
};

TEST_F(Versions, AnObjectIsConvertedAndEncodedOnceForAll) {
  ASSERT_TRUE(create(event("a")).ok());
  const auto once = get(eventsv1::Event::info(), "default", "a"), again = get(eventsv1::Event::info(), "default", "a");
  ASSERT_TRUE(once.ok() && again.ok());
  EXPECT_EQ(*once, *again);  // the very object, with its encodings
  EXPECT_EQ((*once)->json(), (*again)->json());
  const auto listed = list(eventsv1::Event::info());
  ASSERT_EQ(listed->items.size(), 1u);
  EXPECT_EQ(listed->items[0], *once);
  const Resource& version = resource(eventsv1::Event::info());
  const auto one = watch(version), other = watch(version), stored = watch(resource(corev1::Event::info()));
  const CachedPtr first = (*one)->take(1).events.at(0).object;
  EXPECT_EQ(first, (*other)->take(1).events.at(0).object);
  EXPECT_EQ(first, *once);
  const CachedPtr core = (*stored)->take(1).events.at(0).object;
  EXPECT_EQ(&(*core)->type(), &corev1::Event::info());
  EXPECT_EQ(core->revision(), first->revision());
  EXPECT_EQ((*core)->metadata.resourceVersion, (*first)->metadata.resourceVersion);
}

TEST_F(Versions, TheStoreHoldsOneVersion) {
  auto made = std::make_shared<autoscalingv1::HorizontalPodAutoscaler>();
  made->metadata.name = "h";
  made->metadata.namespace_ = "default";
  made->spec.maxReplicas = 3;
  made->spec.scaleTargetRef.apiVersion = "apps/v1";
  made->spec.scaleTargetRef.kind = "Deployment";
  made->spec.scaleTargetRef.name = "d";
  const auto created = create(made);
  ASSERT_TRUE(created.ok()) << created.status().message.str();
  EXPECT_EQ(&(**created)->type(), &autoscalingv1::HorizontalPodAutoscaler::info());
  store::ListRequest request;
  request.prefix = "/registry/horizontalpodautoscalers/";
  const auto kvs = store_->list(request)->kvs;
  ASSERT_EQ(kvs.size(), 1u);
  EXPECT_EQ(kvs[0].key, "/registry/horizontalpodautoscalers/default/h");
  EXPECT_EQ(api::open_envelope(*kvs[0].value)->api_version, "autoscaling/v2");
}

// An upstream API server of an older release stored what now is another version.
TEST_F(Versions, ValuesInAnotherServedVersionAreRead) {
  autoscalingv1::HorizontalPodAutoscaler old;
  old.metadata.name = "old";
  old.metadata.namespace_ = "default";
  old.spec.maxReplicas = 3;
  old.spec.targetCPUUtilizationPercentage = 55;
  std::string bytes;
  api::encode_protobuf(old, bytes);
  std::promise<void> stored;
  store_->txn(store::Txn::update("/registry/horizontalpodautoscalers/default/old", store::bytes(bytes), 0, 0), [&](auto) { stored.set_value(); });
  stored.get_future().wait();
  const auto read = get(autoscalingv2::HorizontalPodAutoscaler::info(), "default", "old");
  ASSERT_TRUE(read.ok()) << read.status().message.str();
  EXPECT_EQ(static_cast<const autoscalingv2::HorizontalPodAutoscaler&>(***read).spec.metrics.size(), 1u);
}

TEST_F(Versions, ClusterViewsSpeakEachVersion) {
  ASSERT_TRUE(create(event("a")).ok());
  const ClusterView& view = *registry_;
  const auto shown = view.get<eventsv1::Event>("default", "a");
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->note, "text");
  EXPECT_EQ(view.list(eventsv1::Event::info(), "default").size(), 1u);
}

class ServedVersions : public Serving {
 protected:
  static std::string type(const api::Doc& object) { return std::string(object["apiVersion"].as_string()) + " " + std::string(object["kind"].as_string()); }

  const std::string core_ = "/api/v1/namespaces/default/events", events_ = "/apis/events.k8s.io/v1/namespaces/default/events";
  const std::string v1_ = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", v2_ = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
  const std::string event_ = R"({"metadata":{"name":"a"},"eventTime":"2024-01-01T00:00:00.000000Z","reportingController":"c.example/x","reportingInstance":"i","action":"Acting",
      "reason":"Because","note":"text","type":"Normal","regarding":{"kind":"Pod","namespace":"default","name":"p"}})";
  const std::string autoscaler_ = R"({"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"},"maxReplicas":3,"targetCPUUtilizationPercentage":50}})";
};

TEST_F(ServedVersions, WrittenThroughOneReadThroughTheOther) {
  const net::ClientResponse made = send("POST", events_, event_);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(type(json(made)), "events.k8s.io/v1 Event");
  const api::Doc core = json(send("GET", core_ + "/a")), event = json(send("GET", events_ + "/a"));
  EXPECT_EQ(type(core), "v1 Event");
  EXPECT_EQ(core["message"].as_string(), "text");
  EXPECT_EQ(core["involvedObject"]["name"].as_string(), "p");
  EXPECT_EQ(type(event), "events.k8s.io/v1 Event");
  EXPECT_EQ(core["metadata"]["resourceVersion"], event["metadata"]["resourceVersion"]);
  EXPECT_EQ(core["metadata"]["uid"], json(made)["metadata"]["uid"]);
  const api::Doc list = json(send("GET", events_));
  EXPECT_EQ(type(list), "events.k8s.io/v1 EventList");
  EXPECT_EQ(list["items"].items()[0]["note"].as_string(), "text");
  EXPECT_TRUE(send("GET", events_, {}, {{"accept", "application/vnd.kubernetes.protobuf"}}).body.starts_with(api::protobuf_magic));

  ASSERT_EQ(send("POST", core_, R"({"metadata":{"name":"b"},"involvedObject":{"namespace":"default"},"message":"old","count":2,"source":{"component":"c"}})").status, 201);
  const api::Doc old = json(send("GET", events_ + "/b"));
  EXPECT_EQ(old["note"].as_string(), "old");
  EXPECT_EQ(old["deprecatedCount"].as_int(), 2);
  EXPECT_EQ(old["deprecatedSource"]["component"].as_string(), "c");
}

TEST_F(ServedVersions, UpdatesPatchesAndDeletes) {
  ASSERT_EQ(send("POST", v1_, autoscaler_).status, 201);
  const api::Doc before = json(send("GET", v2_ + "/h"));
  EXPECT_EQ(before["spec"]["metrics"].items()[0]["resource"]["target"]["averageUtilization"].as_int(), 50);
  const auto patched = send("PATCH", v1_ + "/h", R"({"spec":{"targetCPUUtilizationPercentage":60}})", {{"content-type", "application/merge-patch+json"}});
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(json(patched)["spec"]["targetCPUUtilizationPercentage"].as_int(), 60);
  EXPECT_EQ(json(patched)["apiVersion"].as_string(), "autoscaling/v1");
  EXPECT_EQ(json(send("GET", v2_ + "/h"))["spec"]["metrics"].items()[0]["resource"]["target"]["averageUtilization"].as_int(), 60);
  // An update that changes nothing writes nothing, in either version.
  const std::string shown = send("GET", v1_ + "/h").body;
  const api::Doc same = json(send("PUT", v1_ + "/h", shown));
  EXPECT_EQ(same["metadata"]["resourceVersion"], json(send("GET", v2_ + "/h"))["metadata"]["resourceVersion"]);
  EXPECT_EQ(same["metadata"]["resourceVersion"], json(patched)["metadata"]["resourceVersion"]);
  // The status goes through each, too.
  const auto status = send("PATCH", v1_ + "/h/status", R"({"status":{"currentReplicas":2,"desiredReplicas":3,"currentCPUUtilizationPercentage":41},"spec":{"maxReplicas":9}})",
                           {{"content-type", "application/merge-patch+json"}});
  ASSERT_EQ(status.status, 200) << status.body;
  const api::Doc after = json(send("GET", v2_ + "/h"));
  EXPECT_EQ(after["status"]["currentMetrics"].items()[0]["resource"]["current"]["averageUtilization"].as_int(), 41);
  EXPECT_EQ(after["spec"]["maxReplicas"].as_int(), 3);

  const api::Doc refused = json(send("PUT", v1_ + "/h", R"({"metadata":{"name":"h","resourceVersion":"1"},"spec":{"maxReplicas":3}})"));
  EXPECT_EQ(refused["message"].as_string(), "Operation cannot be fulfilled on horizontalpodautoscalers.autoscaling \"h\": the object has been modified; please apply your changes "
                                            "to the latest version and try again");
  EXPECT_EQ(send("POST", v1_, R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"x"}})").status, 400);
  const net::ClientResponse invalid = send("POST", v1_, R"({"metadata":{"name":"x"},"spec":{"maxReplicas":0}})");
  EXPECT_EQ(invalid.status, 422) << invalid.body;
  EXPECT_EQ(send("DELETE", v1_ + "/h").status, 200);
  EXPECT_EQ(send("GET", v2_ + "/h").status, 404);
}

TEST_F(ServedVersions, TheVersionOfTheRequestIsValidated) {
  const net::ClientResponse refused = send("POST", events_, R"({"metadata":{"name":"x"},"regarding":{"namespace":"default"}})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.find("eventTime: Required value"), std::string::npos) << refused.body;
  EXPECT_EQ(send("POST", core_, R"({"metadata":{"name":"x"},"involvedObject":{"namespace":"default"}})").status, 201);
  // What only new events must have, an old one need not get by an update.
  EXPECT_EQ(send("PATCH", events_ + "/x", R"({"metadata":{"labels":{"a":"b"}}})", {{"content-type", "application/merge-patch+json"}}).status, 200);
  EXPECT_EQ(send("PATCH", events_ + "/x", R"({"note":"new"})", {{"content-type", "application/merge-patch+json"}}).status, 422);
}

TEST_F(ServedVersions, SelectorsTablesAndMissingObjects) {
  ASSERT_EQ(send("POST", events_, event_).status, 201);
  EXPECT_EQ(json(send("GET", events_ + "?fieldSelector=regarding.name%3Dp"))["items"].size(), 1u);
  EXPECT_EQ(json(send("GET", events_ + "?fieldSelector=regarding.name%3Dq"))["items"].size(), 0u);
  EXPECT_EQ(json(send("GET", events_ + "?fieldSelector=reportingController%3Dc.example/x"))["items"].size(), 1u);
  EXPECT_EQ(send("GET", events_ + "?fieldSelector=involvedObject.name%3Dp").status, 400);
  EXPECT_EQ(send("GET", core_ + "?fieldSelector=regarding.name%3Dp").status, 400);
  const net::Headers table{{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}};
  const api::Doc mine = json(send("GET", events_, {}, table)), stored = json(send("GET", core_, {}, table));
  EXPECT_EQ(mine["columnDefinitions"], stored["columnDefinitions"]);
  EXPECT_EQ(mine["rows"].items()[0]["cells"].items()[3].as_string(), "pod/p");
  EXPECT_EQ(json(send("GET", events_ + "/none"))["message"].as_string(), "events.events.k8s.io \"none\" not found");
  EXPECT_EQ(json(send("GET", core_ + "/none"))["message"].as_string(), "events \"none\" not found");
}

TEST_F(ServedVersions, AWatchOfEachSeesTheSameRevisions) {
  struct Stream {
    std::string text;
    std::promise<void> ended;
  };
  std::map<std::string, Stream> streams;
  for (const std::string& target : {core_, events_}) {
    Stream& stream = streams[target];
    net::ClientRequest request;
    request.target = target + "?watch=1&resourceVersion=0&timeoutSeconds=2";
    net::CallCallbacks callbacks;
    callbacks.on_data = [&stream](std::string_view data) { stream.text += data; };
    callbacks.on_end = [&stream](const net::Headers&) { stream.ended.set_value(); };
    callbacks.on_error = [&stream](const Error&) { stream.ended.set_value(); };
    client_->stream(std::move(request), callbacks);
  }
  ASSERT_EQ(send("POST", events_, event_).status, 201);
  ASSERT_EQ(send("PATCH", core_ + "/a", R"({"metadata":{"labels":{"x":"y"}}})", {{"content-type", "application/merge-patch+json"}}).status, 200);
  ASSERT_EQ(send("DELETE", core_ + "/a").status, 200);
  std::map<std::string, std::vector<std::string>> seen;
  for (auto& [target, stream] : streams) {
    ASSERT_EQ(stream.ended.get_future().wait_for(std::chrono::seconds(15)), std::future_status::ready);
    for (std::size_t at = 0; at < stream.text.size();) {
      const std::size_t end = stream.text.find('\n', at);
      const auto event = api::parse_json(std::string_view(stream.text).substr(at, end - at));
      ASSERT_TRUE(event.ok());
      const api::Doc& object = (*event)["object"];
      seen[target].push_back(std::string((*event)["type"].as_string()) + " " + std::string(object["metadata"]["resourceVersion"].as_string()));
      EXPECT_EQ(object["apiVersion"].as_string(), target == core_ ? "v1" : "events.k8s.io/v1");
      at = end + 1;
    }
  }
  EXPECT_EQ(seen[core_].size(), 3u);
  EXPECT_EQ(seen[core_], seen[events_]);
}

}  // namespace
}  // namespace plumb::apiserver::test
