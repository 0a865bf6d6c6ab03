#include <gtest/gtest.h>

#include <map>

#include "reference/api/doc/strategic_merge_patch.h"

namespace plumb::api {
namespace {

class TestSchema : public PatchSchema {
 public:
  std::optional<Field> field(std::string_view name) const override {
    if (name == "items") return Field{Kind::list, this, true, false, "name"};
    if (name == "words") return Field{Kind::list, nullptr, true, false, ""};
    if (name == "keyless") return Field{Kind::list, this, true, false, ""};
    if (name == "whole") return Field{Kind::object, this, false, true, ""};
    if (name == "child") return Field{Kind::object, this, false, false, ""};
    return std::nullopt;
  }
};

Doc tree(std::string_view text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *parsed : Doc();
}

TEST(StrategicMergePatch, MergesByTheSchema) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {R"({"a":1,"b":{"c":2}})", R"({"a":null,"b":{"d":3}})", R"({"b":{"c":2,"d":3}})"},
      {R"({"items":[{"name":"a","v":1},{"name":"b","v":2}]})", R"({"items":[{"name":"b","v":3},{"name":"c"}]})",
       R"({"items":[{"name":"a","v":1},{"name":"b","v":3},{"name":"c"}]})"},
      {R"({"items":[{"name":"a"},{"name":"b"}]})", R"({"items":[{"name":"a","$patch":"delete"}]})", R"({"items":[{"name":"b"}]})"},
      {R"({"items":[{"name":"a"},{"name":"b"}]})", R"({"items":[{"$patch":"replace"},{"name":"x"}]})", R"({"items":[{"name":"x"}]})"},
      {R"({"items":[{"name":"a"},{"name":"b"},{"name":"c"}]})", R"({"$setElementOrder/items":[{"name":"c"},{"name":"a"}],"items":[{"name":"a","v":1}]})",
       R"({"items":[{"name":"b"},{"name":"c"},{"name":"a","v":1}]})"},
      {R"({"items":[{"name":"a"}]})", R"({"$setElementOrder/items":[{"name":"b"},{"name":"a"}],"items":[{"name":"b"}]})",
       R"({"items":[{"name":"b"},{"name":"a"}]})"},
      {R"({"words":["x","y"]})", R"({"words":["z","x"]})", R"({"words":["z","x","y"]})"},
      {R"({"words":["x","y","z"]})", R"({"$deleteFromPrimitiveList/words":["y"]})", R"({"words":["x","z"]})"},
      {R"({"whole":{"a":1}})", R"({"whole":{"b":2}})", R"({"whole":{"b":2}})"},
      {R"({"child":{"a":1,"b":2}})", R"({"child":{"$retainKeys":["b"],"b":3}})", R"({"child":{"b":3}})"},
      {R"({"child":{"a":1}})", R"({"child":{"$patch":"replace","b":3}})", R"({"child":{"b":3}})"},
      {R"({"child":{"a":1},"x":1})", R"({"child":{"$patch":"delete"}})", R"({"child":{},"x":1})"},
      {R"({"other":[1,2]})", R"({"other":[3]})", R"({"other":[3]})"},
      {R"({"child":{"items":[{"name":"a","child":{"p":1}}]}})", R"({"child":{"items":[{"name":"a","child":{"q":2}}]}})",
       R"({"child":{"items":[{"child":{"p":1,"q":2},"name":"a"}]}})"},
  };
  for (const auto& [doc, patch, expected] : cases) {
    const auto result = apply_strategic_merge_patch(tree(doc), tree(patch), TestSchema());
    ASSERT_TRUE(result.ok()) << patch << ": " << result.error().message;
    EXPECT_EQ(result->to_json(), expected) << patch;
  }
}

TEST(StrategicMergePatch, SaysWhatDoesNotFit) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {R"({"items":[{"name":"a"}]})", R"({"items":[{"v":1}]})", R"(map: {"v":1} does not contain declared merge key: name)"},
      {R"({"keyless":[{"a":1}]})", R"({"keyless":[{"b":1}]})", "cannot merge lists without merge key for keyless"},
      {R"({"child":{}})", R"({"child":{"$retainKeys":["a"],"b":1}})", "invalid patch format of retainKeys"},
      {"{}", R"({"$setElementOrder/items":1})", "invalid patch format of setElementOrder list"},
      {R"({"child":{}})", R"({"child":{"$patch":"spin"}})", R"(unknown patch type: "spin" in map: {"$patch":"spin"})"},
      {R"({"words":["a"]})", R"({"words":[["b"]]})", "lists of lists are not supported"},
      {R"({"words":[]})", R"({"$deleteFromPrimitiveList":["b"]})", "invalid patch format of primitive list"},
      {"{}", "[]", "invalid JSON document"},
  };
  for (const auto& [doc, patch, message] : cases) {
    const auto result = apply_strategic_merge_patch(tree(doc), tree(patch), TestSchema());
    ASSERT_FALSE(result.ok()) << patch;
    EXPECT_EQ(result.error().message, message);
  }
}

}  // namespace
}  // namespace plumb::api
