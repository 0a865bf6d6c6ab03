#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, statefulset_rolling_update,
                  {.requirement = "A StatefulSet whose template changes MUST replace its pods one at a time from the highest ordinal down, MUST tell the current and the update "
                                  "revision meanwhile, and MUST take a return to an earlier template as a rollback to its revision.",
                   .covers = {"StatefulSet, Rolling Update"},
                   .needs = {"image", "resource:apps/v1/statefulsets"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "statefulsets"), revisions = c.in("apps/v1", "controllerrevisions");
  const Query ours{{"labelSelector", "app=rolled"}};
  const auto settled_at = [&](const std::string& revision) {
    return c.await(sets, "rolled", "all pods at " + (revision.empty() ? "the first revision" : revision), [&](const Json* set) {
      return set != nullptr && int_at(*set, "/status/observedGeneration") == int_at(*set, "/metadata/generation") && int_at(*set, "/status/readyReplicas") == 3 &&
             int_at(*set, "/status/updatedReplicas") == 3 && int_at(*set, "/status/currentReplicas") == 3 &&
             text_at(*set, "/status/currentRevision") == text_at(*set, "/status/updateRevision") &&
             (revision.empty() || text_at(*set, "/status/updateRevision") == revision);
    }, timeouts::rollout);
  };
  // Changes the image, sees both revisions told apart, and the order in which pods went. Answers the new revision.
  const auto roll_to = [&](const std::string& image, const std::string& from) {
    auto watch = c.must(c.client().watch(c.pods(), {{"labelSelector", "app=rolled"}, {"resourceVersion", text_at(c.must(c.client().list(c.pods(), ours)), "/metadata/resourceVersion")}}));
    c.must(c.client().patch(sets, "rolled", PatchKind::strategic, {{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", image}}}}}}}}}}}));
    const Json moving = c.await(sets, "rolled", "the update revision to differ", [&](const Json* set) {
      return set != nullptr && text_at(*set, "/status/updateRevision") != from && text_at(*set, "/status/currentRevision") == from;
    });
    const std::string revision = text_at(moving, "/status/updateRevision");
    settled_at(revision);
    std::vector<std::string> gone;
    std::map<std::string, bool> ready{{"rolled-0", true}, {"rolled-1", true}, {"rolled-2", true}};
    std::int64_t most_missing = 0;
    while (gone.size() < 3) {
      const auto event = c.next_event(*watch);
      const std::string pod = name_of(event.object);
      ready[pod] = event.type != "DELETED" && has_condition(event.object, "Ready") && !event.object["metadata"].contains("deletionTimestamp");
      most_missing = std::max<std::int64_t>(most_missing, std::count_if(ready.begin(), ready.end(), [](const auto& one) { return !one.second; }));
      if (event.type == "DELETED") gone.push_back(pod);
    }
    EXPECT_EQ(most_missing, 1) << "one at a time";
    EXPECT_EQ(gone, (std::vector<std::string>{"rolled-2", "rolled-1", "rolled-0"}));
    const Json listed = c.must(c.client().list(c.pods(), ours));
    EXPECT_EQ(listed["items"].size(), 3u);
    for (const Json& pod : listed["items"]) {
      EXPECT_EQ(text_at(pod, "/metadata/labels/controller-revision-hash"), revision) << name_of(pod);
      EXPECT_EQ(text_at(pod, "/spec/containers/0/image"), image) << name_of(pod);
    }
    return revision;
  };
  c.apply("rolled");
  const std::string first = text_at(settled_at(""), "/status/currentRevision");
  const std::string second = roll_to(c.images().second, first);
  EXPECT_NE(second, first);
  EXPECT_EQ(c.output("rolled-0", {"get", "http://127.0.0.1:8080/version"}), "v2");
  EXPECT_EQ(roll_to(c.images().first, second), first) << "the earlier revision, not a third";
  EXPECT_EQ(c.must(c.client().list(revisions, ours))["items"].size(), 2u);
  EXPECT_EQ(int_at(c.must(c.client().get(revisions, first)), "/revision"), 3) << "the earlier revision becomes the latest";
}
