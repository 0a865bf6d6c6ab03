#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "reference/api/doc/json_patch.h"
#include "reference/api/doc/merge_patch.h"

namespace plumb::api {
namespace {

Doc parse(std::string_view text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *parsed : Doc();
}

TEST(JsonPatch, HoldsThePublishedCases) {
  for (const char* file : {"fixtures/json-patch/tests.json", "fixtures/json-patch/spec_tests.json"}) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    const Doc cases = parse(text.str());
    ASSERT_GT(cases.size(), 15u) << file;
    for (const Doc& test : cases.items()) {
      if (test["disabled"].as_bool() || !test.find("patch")) continue;
      const auto result = apply_json_patch(test["doc"], test["patch"], {.negative_indices = false});
      if (test.find("error")) {
        EXPECT_FALSE(result.ok()) << test.to_json();
      } else {
        ASSERT_TRUE(result.ok()) << test.to_json() << ": " << result.error().message;
        if (const Doc* expected = test.find("expected")) {
          EXPECT_EQ(result->to_json(), expected->to_json()) << test.to_json();
        }
      }
    }
  }
}

TEST(JsonPatch, SaysWhyItDoesNotApply) {
  const Doc doc = parse(R"({"a":1,"l":[1]})");
  struct Case {
    const char* patch;
    int status;
    const char* message;
  };
  const Case cases[] = {
      {R"([{"op":"test","path":"/a","value":2}])", 422, "testing value /a failed: test failed"},
      {R"([{"op":"remove","path":"/x"}])", 422, "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value"},
      {R"([{"op":"replace","path":"/x","value":1}])", 422, "replace operation does not apply: doc is missing key: /x: missing value"},
      {R"([{"op":"add","path":"/x/y","value":1}])", 422, "add operation does not apply: doc is missing path: \"/x/y\": missing value"},
      {R"([{"op":"add","path":"/l/5","value":1}])", 422, "error in add for path: '/l/5': Unable to access invalid index: 5: invalid index referenced"},
      {R"([{"op":"spin","path":"/x"}])", 422, "Unexpected kind: spin"},
      {R"({"a":1})", 400, "error decoding patch: a JSON patch is an array of operations"},
  };
  for (const Case& c : cases) {
    const auto result = apply_json_patch(doc, parse(c.patch));
    ASSERT_FALSE(result.ok()) << c.patch;
    EXPECT_EQ(result.error().message, c.message);
    EXPECT_EQ(result.error().http_status, c.status) << c.patch;
  }
  EXPECT_TRUE(apply_json_patch(doc, parse(R"([{"op":"test","path":"/none","value":null}])")).ok());
  EXPECT_EQ(apply_json_patch(doc, parse(R"([{"op":"add","path":"/l/-1","value":2}])"))->to_json(), R"({"a":1,"l":[1,2]})");
}

TEST(JsonPatch, BoundsWhatCopiesCanMake) {
  std::vector<Doc> bombs(60, parse(R"({"op":"copy","from":"","path":"/a"})"));
  const auto bomb = apply_json_patch(parse(R"({"a":0,"text":"0123456789"})"), Doc::array(bombs));
  ASSERT_FALSE(apply_json_patch(parse(R"({"a":[]})"), Doc::array(std::vector<Doc>(10'001, parse(R"({"op":"add","path":"/a","value":1})")))).ok());
  const auto wide = apply_json_patch(parse("[0]"), Doc::array(std::vector<Doc>(60, parse(R"({"op":"copy","from":"","path":"/-"})"))));
  ASSERT_FALSE(wide.ok());
  EXPECT_EQ(wide.error().http_status, 413);
  EXPECT_TRUE(bomb.ok());
}

TEST(MergePatch, FollowsTheExamplesOfTheRfc) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", "{}"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"({"a":"b"})", R"({"a":"b"})"},
      {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const auto& [doc, patch, expected] : cases) EXPECT_EQ(apply_merge_patch(parse(doc), parse(patch))->to_json(), expected) << patch;
  EXPECT_FALSE(apply_merge_patch(parse("{}"), parse("[1]")).ok());
}

}  // namespace
}  // namespace plumb::api
