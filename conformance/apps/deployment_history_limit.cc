#include <gtest/gtest.h>

#include <set>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, deployment_history_limit,
                  {.requirement = "A Deployment MUST keep as many of its old ReplicaSets as revisionHistoryLimit says, the newest of them, and remove the others.",
                   .covers = {"Deployment RevisionHistoryLimit"},
                   .needs = {"controllers", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  const Resource deployments = c.in("apps/v1", "deployments"), sets = c.in("apps/v1", "replicasets");
  const Query ours{{"labelSelector", "app=limited"}};
  c.apply("limited");
  const auto await_images = [&](const std::set<std::string>& wanted) {
    std::string what = "ReplicaSets of";
    for (const std::string& image : wanted) what += " " + image;
    c.await_all(sets, ours, what, [&](const Cluster::Objects& found) {
      std::set<std::string> images;
      for (const auto& [name, set] : found) images.insert(text_at(set, "/spec/template/spec/containers/0/image"));
      return images == wanted && found.size() == wanted.size();
    });
  };
  const auto patch = [&](const Json& body) { c.must(c.client().patch(deployments, "limited", PatchKind::strategic, body)); };
  const auto set_image = [&](const std::string& name) { patch({{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", name}}}}}}}}}}}); };
  await_images({"pause:one"});
  set_image("pause:two");
  await_images({"pause:one", "pause:two"});
  set_image("pause:three");
  await_images({"pause:two", "pause:three"});
  patch({{"spec", {{"revisionHistoryLimit", 0}}}});
  await_images({"pause:three"});
  set_image("pause:four");
  await_images({"pause:four"});
}
