#include <gtest/gtest.h>

#include "conformance/storage/volume_files.h"

PLUMB_CONFORMANCE(storage, optional_sources,
                  {.requirement = "A volume of an optional ConfigMap or Secret, projected or not, MUST let its pod start without the source, and MUST follow while the pod runs when the "
                                  "source is created, changed and deleted.",
                   .covers = {"ConfigMap Volume, create, update and delete", "Secrets Volume, create, update and delete", "Projected Volume, ConfigMap, create, update and delete",
                              "Projected Volume, ConfigMap, update", "Projected Volume, Secrets, create, update delete"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  const auto write = [&](const std::string& kind, const std::string& name, const std::string& value, bool is_new) {
    const Resource resource = c.in("v1", kind == "map" ? "configmaps" : "secrets");
    const Json content = {{kind == "map" ? "data" : "stringData", {{"key", value}}}};
    if (!is_new) return c.must(c.client().patch(resource, name, PatchKind::merge, content));
    Json object = content;
    object["metadata"] = {{"name", name}};
    return c.must(c.client().create(resource, object));
  };
  for (const char* kind : {"map", "secret"})
    for (const char* name : {"gone", "changed"}) write(kind, name, "one", true);
  c.apply_manifest();
  c.await_ready("reader");
  const auto path = [](const std::string& prefix, const std::string& kind, const std::string& name) { return "/" + prefix + kind + "-" + name + "/key"; };
  for (const char* prefix : {"", "projected-"})
    for (const char* kind : {"map", "secret"}) {
      EXPECT_EQ(file_text(c, "reader", path(prefix, kind, "gone")), "one");
      EXPECT_EQ(file_text(c, "reader", path(prefix, kind, "changed")), "one");
      EXPECT_FALSE(file_is_there(c, "reader", path(prefix, kind, "late")));
    }

  for (const char* kind : {"map", "secret"}) {
    c.must(c.client().remove(c.in("v1", std::string(kind) == "map" ? "configmaps" : "secrets"), "gone"));
    write(kind, "changed", "two", false);
    write(kind, "late", "one", true);
  }
  touch(c, "reader");
  for (const char* prefix : {"", "projected-"})
    for (const char* kind : {"map", "secret"}) {
      const auto wait = [&](const std::string& what, const std::function<bool()>& holds) { c.eventually(std::string(prefix) + kind + what, holds, timeouts::rollout); };
      wait(" to be gone from its volume", [&] { return !file_is_there(c, "reader", path(prefix, kind, "gone")); });
      wait(" to change in its volume", [&] { return file_text(c, "reader", path(prefix, kind, "changed")) == "two"; });
      wait(" to come into its volume", [&] { return file_is_there(c, "reader", path(prefix, kind, "late")); });
    }
}
