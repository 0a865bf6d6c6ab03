// What is served, held against fixtures/api/resources.txt, in both forms of discovery.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "harness/base/encoding.h"
#include "reference/apiserver/http/serving_test.h"

namespace plumb::apiserver::test {
namespace {

using Lines = std::set<std::string>;

Lines expected() {
  Lines lines;
  std::ifstream in("fixtures/api/resources.txt");
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#') lines.insert(line);
  return lines;
}

std::string text(const api::Doc& doc) { return std::string(doc.as_string()); }

std::string joined(const api::Doc& verbs) {
  std::vector<std::string> names;
  for (const api::Doc& verb : verbs.items()) names.push_back(text(verb));
  std::sort(names.begin(), names.end());
  return join(names, ",");
}

std::string group_version(const std::string& group, const std::string& version) { return group.empty() ? version : group + "/" + version; }

std::string line(const std::string& there, const std::string& name, bool namespaced, const std::string& kind_there, const std::string& kind, const api::Doc& verbs) {
  return join({there, name, namespaced ? "namespaced" : "cluster", kind_there == there ? kind : kind_there + " " + kind, joined(verbs)}, "  ");
}

class Served : public Serving {
 protected:
  // What APIResourceLists say.
  Lines plain() {
    std::vector<std::string> paths{"/api/v1"};
    const api::Doc groups = json(send("GET", "/apis"));
    for (const api::Doc& group : groups["groups"].items())
      for (const api::Doc& version : group["versions"].items()) paths.push_back("/apis/" + text(version["groupVersion"]));
    Lines lines;
    for (const std::string& path : paths) {
      const api::Doc list = json(send("GET", path));
      const std::string there = text(list["groupVersion"]);
      for (const api::Doc& each : list["resources"].items()) {
        const bool foreign = each.find("version") != nullptr;
        const std::string kind_there = foreign ? group_version(text(each["group"]), text(each["version"])) : there;
        lines.insert(line(there, text(each["name"]), each["namespaced"].as_bool(), kind_there, text(each["kind"]), each["verbs"]));
      }
    }
    return lines;
  }

  Lines aggregated() {
    Lines lines;
    for (const char* path : {"/api", "/apis"}) {
      const api::Doc all = json(send("GET", path, {}, {{"accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}}));
      for (const api::Doc& group : all["items"].items())
        for (const api::Doc& version : group["versions"].items())
          add(lines, group_version(text(group["metadata"]["name"]), text(version["version"])), version);
    }
    return lines;
  }

 private:
  static void add(Lines& lines, const std::string& there, const api::Doc& version) {
    for (const api::Doc& resource : version["resources"].items()) {
      const std::string name = text(resource["resource"]);
      const bool namespaced = resource["scope"].as_string() == "Namespaced";
      const auto kind_there = [](const api::Doc& kind) { return group_version(text(kind["group"]), text(kind["version"])); };
      const api::Doc& kind = resource["responseKind"];
      lines.insert(line(there, name, namespaced, kind_there(kind), text(kind["kind"]), resource["verbs"]));
      for (const api::Doc& sub : resource["subresources"].items())
        lines.insert(line(there, name + "/" + text(sub["subresource"]), namespaced, kind_there(sub["responseKind"]), text(sub["responseKind"]["kind"]), sub["verbs"]));
    }
  }
};

std::vector<std::string> difference(const Lines& a, const Lines& b) {
  std::vector<std::string> left;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(left));
  return left;
}

TEST_F(Served, EveryResourceOfTheGaGroups) {
  const Lines wanted = expected();
  ASSERT_EQ(wanted.size(), 113u);
  for (const auto& served : {plain(), aggregated()}) {
    EXPECT_EQ(difference(wanted, served), std::vector<std::string>()) << "missing";
    EXPECT_EQ(difference(served, wanted), std::vector<std::string>()) << "more than expected";
  }
}

TEST_F(Served, TheNewestVersionOfAGroupIsPreferred) {
  const api::Doc group = json(send("GET", "/apis/autoscaling"));
  EXPECT_EQ(group["preferredVersion"]["version"].as_string(), "v2");
  EXPECT_EQ(group["versions"].items()[0]["version"].as_string(), "v2");
  EXPECT_EQ(group["versions"].items()[1]["version"].as_string(), "v1");
  const api::Doc schema = json(send("GET", "/openapi/v3/apis/autoscaling/v1"));
  EXPECT_TRUE(schema["components"]["schemas"]["io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler"].is_object());
  EXPECT_TRUE(schema["paths"]["/apis/autoscaling/v1/namespaces/{namespace}/horizontalpodautoscalers/{name}"].is_object());
}

}  // namespace
}  // namespace plumb::apiserver::test
