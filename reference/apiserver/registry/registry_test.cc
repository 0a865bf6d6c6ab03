#include "reference/apiserver/registry/registry.h"

#include <gtest/gtest.h>

#include <thread>

#include "reference/api/types/corev1.h"
#include "reference/apiserver/registry/continue_token.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

const api::TypeInfo& config_maps = corev1::ConfigMap::info();

std::shared_ptr<corev1::ConfigMap> config_map(const std::string& name, const std::string& value = "") {
  auto made = std::make_shared<corev1::ConfigMap>();
  made->metadata.name = name;
  made->metadata.namespace_ = "default";
  if (!value.empty()) made->data.set("value", value);
  return made;
}

std::string value_of(const CachedPtr& object) { return static_cast<const corev1::ConfigMap&>(**object).data.get("value").str(); }

class Registering : public RegistryTest {
 protected:
  ApiResult<CachedPtr> set_value(const std::string& name, const std::string& value) {
    return await<CachedPtr>([&](auto done) {
      registry_->transform(context_, resource(config_maps), {"default", name}, {}, [value](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
        auto next = std::make_shared<corev1::ConfigMap>(static_cast<const corev1::ConfigMap&>(current));
        next->metadata.resourceVersion.reset();
        next->data.set("value", value);
        return std::shared_ptr<api::Object>(next);
      }, done);
    });
  }
};

void expect_status(const metav1::Status& status, int code, std::string_view reason, std::string_view message) {
  EXPECT_EQ(status.code, code);
  EXPECT_EQ(status.reason, reason);
  EXPECT_EQ(status.message, message);
}

TEST_F(Registering, CreateFillsMetadataAndIsReadAtOnce) {
  const auto made = create(config_map("a", "1"));
  ASSERT_TRUE(made.ok()) << made.status().message.str();
  const metav1::ObjectMeta& metadata = (**made)->metadata;
  EXPECT_EQ(metadata.uid.size(), 36u);
  EXPECT_EQ(metadata.resourceVersion, std::to_string((*made)->revision()));
  EXPECT_EQ(metadata.creationTimestamp.seconds, 1'600'000'000);
  EXPECT_EQ(metadata.generation, 0);
  const auto read = get(config_maps, "default", "a");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, *made);  // the very object: nothing was decoded
}

TEST_F(Registering, GeneratedNamesDifferAndFit) {
  auto first = config_map(""), second = config_map("");
  first->metadata.generateName = second->metadata.generateName = std::string(70, 'x');
  const auto a = create(first), b = create(second);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ((**a)->metadata.name.size(), 63u);
  EXPECT_NE((**a)->metadata.name, (**b)->metadata.name);
}

TEST_F(Registering, RefusalsCarryUpstreamsWords) {
  ASSERT_TRUE(create(config_map("a")).ok());
  expect_status(create(config_map("a")).status(), 409, "AlreadyExists", "configmaps \"a\" already exists");
  expect_status(get(config_maps, "default", "b").status(), 404, "NotFound", "configmaps \"b\" not found");
  expect_status(remove(config_maps, "default", "b").status(), 404, "NotFound", "configmaps \"b\" not found");
  const auto unnamed = create(config_map(""));
  expect_status(unnamed.status(), 422, "Invalid", "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required");
  const auto bad = create(config_map("A_b"));
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().code, 422);
  EXPECT_EQ(bad.status().details->causes[0].field, "metadata.name");
  EXPECT_EQ(bad.status().details->causes[0].reason, "FieldValueInvalid");
  auto elsewhere = config_map("c");
  elsewhere->metadata.namespace_ = "other";
  expect_status(create(elsewhere).status(), 400, "BadRequest", "the namespace of the provided object does not match the namespace sent on the request");
}

TEST_F(Registering, StaleWritesConflict) {
  const auto made = create(config_map("a", "1"));
  ASSERT_TRUE(made.ok());
  ASSERT_TRUE(set_value("a", "2").ok());
  auto stale = config_map("a", "3");
  stale->metadata.resourceVersion = (**made)->metadata.resourceVersion;
  expect_status(update(stale).status(), 409, "Conflict",
                "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again");
  stale = config_map("a", "3");
  EXPECT_EQ(value_of(*update(stale)), "3");  // without a version it overwrites
  auto other = config_map("a", "4");
  other->metadata.uid = "11111111-1111-1111-1111-111111111111";
  EXPECT_EQ(update(other).status().code, 409);
}

TEST_F(Registering, AnUpdateThatChangesNothingWritesNothing) {
  const auto made = create(config_map("a", "1"));
  ASSERT_TRUE(made.ok());
  const auto again = update(config_map("a", "1"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->revision(), (*made)->revision());
}

TEST_F(Registering, TransformsInParallelLoseNothing) {
  ASSERT_TRUE(create(config_map("counter", "0")).ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto done = await<CachedPtr>([&](auto answer) {
          registry_->transform(context_, resource(config_maps), {"default", "counter"}, {}, [](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
            auto next = std::make_shared<corev1::ConfigMap>(static_cast<const corev1::ConfigMap&>(current));
            next->metadata.resourceVersion.reset();
            next->data.set("value", std::to_string(std::stoi(next->data.get("value").str()) + 1));
            return std::shared_ptr<api::Object>(next);
          }, answer);
        });
        ASSERT_TRUE(done.ok()) << done.status().message.str();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(value_of(*get(config_maps, "default", "counter")), "200");
}

TEST_F(Registering, DryRunsStoreNothing) {
  context_.dry_run = true;
  ASSERT_TRUE(create(config_map("a", "1")).ok());
  context_.dry_run = false;
  EXPECT_EQ(get(config_maps, "default", "a").status().code, 404);
  ASSERT_TRUE(create(config_map("a", "1")).ok());
  context_.dry_run = true;
  EXPECT_EQ(create(config_map("a", "2")).status().code, 409);
  EXPECT_EQ(value_of(*set_value("a", "2")), "2");
  EXPECT_TRUE(remove(config_maps, "default", "a")->removed);
  context_.dry_run = false;
  EXPECT_EQ(value_of(*get(config_maps, "default", "a")), "1");
}

TEST_F(Registering, FinalizersHoldAnObjectUntilTheLastGoes) {
  auto held = config_map("a", "1");
  held->metadata.finalizers.push_back("example.com/hold");
  ASSERT_TRUE(create(held).ok());
  const auto marked = remove(config_maps, "default", "a");
  ASSERT_TRUE(marked.ok());
  EXPECT_FALSE(marked->removed);
  EXPECT_TRUE((*marked->object)->metadata.deletionTimestamp);
  auto more = std::make_shared<corev1::ConfigMap>(static_cast<const corev1::ConfigMap&>(**marked->object));
  more->metadata.finalizers.push_back("example.com/more");
  EXPECT_EQ(update(more).status().code, 422);
  auto free = std::make_shared<corev1::ConfigMap>(static_cast<const corev1::ConfigMap&>(**marked->object));
  free->metadata.finalizers.clear();
  ASSERT_TRUE(update(free).ok());
  EXPECT_EQ(get(config_maps, "default", "a").status().code, 404);
}

TEST_F(Registering, PropagationPoliciesBecomeFinalizers) {
  const struct {
    std::string_view policy, finalizer;
  } cases[] = {{"Orphan", "orphan"}, {"Foreground", "foregroundDeletion"}};
  for (const auto& [policy, finalizer] : cases) {
    ASSERT_TRUE(create(config_map(std::string(finalizer == "orphan" ? "o" : "f"))).ok());
    metav1::DeleteOptions options;
    options.propagationPolicy = policy;
    const auto marked = remove(config_maps, "default", finalizer == "orphan" ? "o" : "f", options);
    ASSERT_TRUE(marked.ok());
    ASSERT_EQ((*marked->object)->metadata.finalizers.size(), 1u);
    EXPECT_EQ((*marked->object)->metadata.finalizers[0], finalizer);
  }
  metav1::DeleteOptions wrong;
  wrong.propagationPolicy = "Sideways";
  EXPECT_EQ(remove(config_maps, "default", "o", wrong).status().code, 422);
}

TEST_F(Registering, PreconditionsGuardADeletion) {
  const auto made = create(config_map("a"));
  ASSERT_TRUE(made.ok());
  metav1::DeleteOptions options;
  options.preconditions.ensure().uid = "someone-else";
  const auto refused = remove(config_maps, "default", "a", options);
  EXPECT_EQ(refused.status().code, 409);
  EXPECT_NE(refused.status().message.view().find("the UID in the precondition (someone-else) does not match the UID in record ("), std::string_view::npos);
  options.preconditions.ensure().uid = (**made)->metadata.uid;
  EXPECT_TRUE(remove(config_maps, "default", "a", options)->removed);
}

std::shared_ptr<corev1::Pod> pod(const std::string& name) {
  auto made = std::make_shared<corev1::Pod>();
  made->metadata.name = name;
  made->metadata.namespace_ = "default";
  corev1::Container& container = made->spec.containers.emplace_back();
  container.name = "main";
  container.image = "image";
  container.imagePullPolicy = "IfNotPresent";
  container.terminationMessagePolicy = "File";
  made->spec.restartPolicy = "Always";
  made->spec.dnsPolicy = "ClusterFirst";
  made->spec.terminationGracePeriodSeconds = 30;
  return made;
}

std::shared_ptr<corev1::Binding> binding(const std::string& node) {
  auto made = std::make_shared<corev1::Binding>();
  made->target.kind = "Node";
  made->target.name = node;
  return made;
}

TEST_F(Registering, ABoundPodGetsItsGraceAndAnUnboundOneVanishes) {
  ASSERT_TRUE(create(pod("loose")).ok());
  EXPECT_TRUE(remove(corev1::Pod::info(), "default", "loose")->removed);

  const auto made = create(pod("bound"));
  ASSERT_TRUE(made.ok()) << made.status().message.str();
  const auto bind = [&](const std::string& node) {
    return await<CachedPtr>([&](auto done) { registry_->bind(context_, {"default", "bound"}, *binding(node), done); });
  };
  ASSERT_TRUE(bind("node-1").ok());
  EXPECT_EQ(bind("node-2").status().code, 409);
  EXPECT_EQ(bind("").status().code, 422);
  const auto marked = remove(corev1::Pod::info(), "default", "bound");
  ASSERT_TRUE(marked.ok());
  if (!resource(corev1::Pod::info()).graceful_deletion()) return;
  EXPECT_FALSE(marked->removed);
  EXPECT_EQ((*marked->object)->metadata.deletionGracePeriodSeconds.value_or(0), 30);
  metav1::DeleteOptions now;
  now.gracePeriodSeconds = 0;
  EXPECT_TRUE(remove(corev1::Pod::info(), "default", "bound", now)->removed);
}

TEST_F(Registering, ABindingTakesTheNominationBack) {
  ASSERT_TRUE(create(pod("waits")).ok());
  auto nominated = std::make_shared<corev1::Pod>(static_cast<const corev1::Pod&>(***get(corev1::Pod::info(), "default", "waits")));
  nominated->status.nominatedNodeName = "node-1";
  ASSERT_TRUE(await<CachedPtr>([&](auto done) {
                registry_->update(context_, resource(corev1::Pod::info()), {"default", "waits"}, "status", nominated, done);
              }).ok());
  ASSERT_TRUE(await<CachedPtr>([&](auto done) { registry_->bind(context_, {"default", "waits"}, *binding("node-1"), done); }).ok());
  const auto bound = get(corev1::Pod::info(), "default", "waits");
  EXPECT_EQ(static_cast<const corev1::Pod&>(***bound).spec.nodeName, "node-1");
  EXPECT_EQ(static_cast<const corev1::Pod&>(***bound).status.nominatedNodeName, "");
}

TEST_F(Registering, PagesShowOneRevision) {
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(create(config_map("c" + std::to_string(100 + i))).ok());
  ListOptions options;
  options.limit = 10;
  std::vector<std::string> names;
  Revision revision = 0;
  for (;;) {
    const auto page = list(config_maps, options);
    ASSERT_TRUE(page.ok()) << page.status().message.str();
    if (!revision) revision = page->revision;
    EXPECT_EQ(page->revision, revision);
    for (const CachedPtr& object : page->items) names.push_back((*object)->metadata.name.str());
    if (page->continue_token.empty()) break;
    EXPECT_EQ(page->remaining.value_or(-1), static_cast<std::int64_t>(25 - names.size()));
    // What happens between the pages is not seen.
    ASSERT_TRUE(create(config_map("d" + std::to_string(names.size()))).ok());
    ASSERT_TRUE(remove(config_maps, "default", "c" + std::to_string(124)).ok() || names.size() > 10);
    options.continue_token = page->continue_token;
  }
  EXPECT_EQ(names.size(), 25u);
}

TEST_F(Registering, AnExpiredTokenOffersToGoOnInconsistently) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(create(config_map("c" + std::to_string(i))).ok());
  ListOptions options;
  options.limit = 2;
  const auto first = list(config_maps, options);
  ASSERT_TRUE(first.ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(set_value("c0", std::to_string(i)).ok());
  ASSERT_TRUE(store_->compact(cache_->revision()).ok());
  options.continue_token = first->continue_token;
  const auto gone = list(config_maps, options);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.status().code, 410);
  EXPECT_EQ(gone.status().reason, "Expired");
  options.continue_token = gone.status().metadata.continue_.str();
  const auto rest = list(config_maps, options);
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ((*rest->items[0])->metadata.name, "c2");
}

TEST_F(Registering, ListsFollowResourceVersions) {
  const auto a = create(config_map("a"));
  ASSERT_TRUE(create(config_map("b")).ok());
  ListOptions options;
  options.resource_version = std::to_string((*a)->revision());
  options.resource_version_match = "Exact";
  const auto then = list(config_maps, options);
  ASSERT_TRUE(then.ok()) << then.status().message.str();
  EXPECT_EQ(then->items.size(), 1u);
  options.resource_version_match = "NotOlderThan";
  EXPECT_EQ(list(config_maps, options)->items.size(), 2u);
  options.resource_version = "999999";
  EXPECT_EQ(list(config_maps, options).status().code, 504);
  const struct {
    std::string version, match, continue_token;
    int code;
  } refused[] = {{"", "Exact", "", 422}, {"0", "Exact", "", 422}, {"1", "Sometimes", "", 422}, {"x", "", "", 400}, {"", "", "###", 400}, {"5", "", ContinueToken{3, "a"}.encode(), 400}};
  for (const auto& each : refused) {
    ListOptions bad;
    bad.resource_version = each.version;
    bad.resource_version_match = each.match;
    bad.continue_token = each.continue_token;
    EXPECT_EQ(list(config_maps, bad).status().code, each.code) << each.version << " " << each.match << " " << each.continue_token;
  }
}

TEST_F(Registering, CollectionsAreDeletedBySelection) {
  for (int i = 0; i < 150; ++i) {
    auto made = config_map("c" + std::to_string(i));
    made->metadata.labels.set("odd", i % 2 ? "yes" : "no");
    ASSERT_TRUE(create(made).ok());
  }
  ListOptions options;
  options.selection = *parse_selection(resource(config_maps), "default", "odd=yes", "");
  const auto gone = await<ListResult>([&](auto done) { registry_->remove_collection(context_, resource(config_maps), options, {}, done); });
  ASSERT_TRUE(gone.ok()) << gone.status().message.str();
  EXPECT_EQ(gone->items.size(), 75u);
  EXPECT_EQ(list(config_maps)->items.size(), 75u);
}

TEST_F(Registering, EventsAreStoredUnderALease) {
  for (int i = 0; i < 3; ++i) {
    auto event = std::make_shared<corev1::Event>();
    event->metadata.name = "e" + std::to_string(i);
    event->metadata.namespace_ = event->involvedObject.namespace_ = "default";
    ASSERT_TRUE(create(event).ok());
  }
  const auto first = store_->get("/registry/events/default/e0"), last = store_->get("/registry/events/default/e2");
  ASSERT_TRUE(first.ok() && first->kv && last.ok() && last->kv);
  EXPECT_NE(first->kv->lease, 0);
  EXPECT_EQ(first->kv->lease, last->kv->lease);
}

TEST_F(Registering, ANamespaceWaitsUntilItIsEmptied) {
  auto made = std::make_shared<corev1::Namespace>();
  made->metadata.name = "team";
  made->spec.finalizers.push_back("kubernetes");
  ASSERT_TRUE(create(made, "").ok());
  const auto marked = remove(corev1::Namespace::info(), "", "team");
  ASSERT_TRUE(marked.ok());
  EXPECT_FALSE(marked->removed);
  EXPECT_EQ(static_cast<const corev1::Namespace&>(**marked->object).status.phase, "Terminating");
  const auto finalized = await<CachedPtr>([&](auto done) {
    auto emptied = std::make_shared<corev1::Namespace>(static_cast<const corev1::Namespace&>(**marked->object));
    emptied->spec.finalizers.clear();
    registry_->update(context_, resource(corev1::Namespace::info()), {"", "team"}, "finalize", emptied, done);
  });
  ASSERT_TRUE(finalized.ok()) << finalized.status().message.str();
  EXPECT_EQ(get(corev1::Namespace::info(), "", "team").status().code, 404);
}

}  // namespace
}  // namespace plumb::apiserver::test
