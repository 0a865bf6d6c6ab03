#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "reference/api/doc/document.h"

namespace plumb::api {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(ParseJson, HoldsThePublishedCases) {
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator("fixtures/json-parsing")) {
    if (entry.path().extension() != ".json") continue;
    const std::string name = entry.path().filename();
    const auto parsed = parse_json(read(entry.path()));
    if (!name.starts_with("i_")) {
      EXPECT_EQ(parsed.ok(), name.starts_with("y_")) << name;
    }
    if (parsed.ok()) {
      const auto again = parse_json(parsed->to_json());
      ASSERT_TRUE(again.ok()) << name;
      EXPECT_EQ(*parsed, *again) << name;
    }
    ++seen;
  }
  EXPECT_GT(seen, 300u);
}

TEST(ParseJson, WritesAsGoDoes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"b":1,"a":[true,false,null]})", R"({"a":[true,false,null],"b":1})"},
      {R"("<a>&\u2028\u0001\b\f\n\"\\\/\u007f")", "\"\\u003ca\\u003e\\u0026\\u2028\\u0001\\b\\f\\n\\\"\\\\/\x7f\""},
      {"1.0", "1"}, {"1e2", "100"}, {"1e20", "100000000000000000000"}, {"1e21", "1e+21"}, {"1.5e-7", "1.5e-7"}, {"0.000001", "0.000001"},
      {"123.456", "123.456"}, {"-0", "0"}, {"-0.5", "-0.5"}, {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "9223372036854776000"}, {"1e-400", "0"}, {"123456789012345678901234", "1.2345678901234569e+23"},
      {"\"\xff\"", "\"\xEF\xBF\xBD\""}, {R"("\ud800")", "\"\xEF\xBF\xBD\""}, {R"("\ud834\udd1e")", "\"\xF0\x9D\x84\x9E\""},
      {R"("\ud800\u0041")", "\"\xEF\xBF\xBD" "A\""}, {R"({"a":1,"a":2})", R"({"a":2})"}, {"[]", "[]"}, {"{}", "{}"},
  };
  for (const auto& [in, out] : cases) {
    const auto parsed = parse_json(in);
    ASSERT_TRUE(parsed.ok()) << in << ": " << parsed.error().message;
    EXPECT_EQ(parsed->to_json(), out) << in;
    EXPECT_EQ(parsed->json_size(), parsed->to_json().size()) << in;
  }
}

TEST(ParseJson, SaysWhatIsWrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "unexpected end of JSON input"},
      {"{\"a\":1", "unexpected end of JSON input"},
      {"{a:1}", "invalid character 'a' looking for beginning of object key string"},
      {"{\"a\" 1}", "invalid character '1' after object key"},
      {"{\"a\":1 2}", "invalid character '2' after object key:value pair"},
      {"[1 2]", "invalid character '2' after array element"},
      {"[1,]", "invalid character ']' looking for beginning of value"},
      {"nul!", "invalid character '!' in literal null (expecting 'l')"},
      {"1 x", "invalid character 'x' after top-level value"},
      {"\"\\q\"", "invalid character 'q' in string escape code"},
      {"\"a\nb\"", "invalid character '\\n' in string literal"},
      {"1.x", "invalid character 'x' after decimal point in numeric literal"},
      {"1e999", "json: cannot unmarshal number 1e999 into Go value of type float64"},
  };
  for (const auto& [in, message] : cases) {
    const auto parsed = parse_json(in);
    ASSERT_FALSE(parsed.ok()) << in;
    EXPECT_EQ(parsed.error().message, message) << in;
  }
}

TEST(ParseJson, LimitsLengthAndDepth) {
  EXPECT_EQ(parse_json("[1,2,3]", {.max_bytes = 3}).error().code, Code::resource_exhausted);
  EXPECT_TRUE(parse_json("[[1]]", {.max_depth = 2}).ok());
  EXPECT_EQ(parse_json("[[[1]]]", {.max_depth = 2}).error().message, "exceeded max depth");
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  const auto parsed = parse_json(deep);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->depth(), 10'000u);
  EXPECT_EQ(parsed->to_json(), deep);
}

TEST(ParseJson, ReportsDuplicatesByPath) {
  std::vector<std::string> found;
  const auto parsed = parse_json(R"({"spec":{"x":1,"list":[{"a":1},{"a":1,"b":2,"a":3,"a":4}],"x":2},"k":0})", {.duplicates = &found});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(found, (std::vector<std::string>{"spec.list[1].a", "spec.x"}));
  EXPECT_EQ((*parsed)["spec"]["x"].as_int(), 2);
  EXPECT_EQ(parsed->at_pointer("/spec/list/1/a")->as_int(), 4);
}

TEST(Doc, UpdatesShareTheRest) {
  const Doc base = *parse_json(R"({"a":{"deep":["a string of more than fourteen bytes"]},"b":1})");
  const Doc changed = base.with("b", 2).with("c", "new");
  EXPECT_TRUE(changed["a"].same(base["a"]));
  EXPECT_EQ(base.to_json(), R"({"a":{"deep":["a string of more than fourteen bytes"]},"b":1})");
  EXPECT_EQ(changed.without("a").to_json(), R"({"b":2,"c":"new"})");
  EXPECT_TRUE(base.without("nothing").same(base));
  const Doc list = Doc::array({1, 2, 3});
  EXPECT_EQ(list.with_item(1, "x").to_json(), R"([1,"x",3])");
  EXPECT_EQ(list.inserted(0, nullptr).appended(4.5).without_item(2).to_json(), "[null,1,3,4.5]");
}

TEST(Doc, ComparesByValue) {
  EXPECT_EQ(*parse_json(R"({"a":1,"b":[1.0]})"), *parse_json(R"({"b":[1],"a":1.0})"));
  EXPECT_NE(Doc("1"), Doc(1));
  EXPECT_NE(Doc(), Doc(false));
  EXPECT_NE(Doc::array(), Doc::object());
}

TEST(Doc, FindsByPointer) {
  const Doc doc = *parse_json(R"({"foo":["bar","baz"],"":0,"a/b":1,"m~n":8})");
  EXPECT_EQ(doc.at_pointer(""), &doc);
  EXPECT_EQ(doc.at_pointer("/foo/1")->as_string(), "baz");
  EXPECT_EQ(doc.at_pointer("/")->as_int(), 0);
  EXPECT_EQ(doc.at_pointer("/a~1b")->as_int(), 1);
  EXPECT_EQ(doc.at_pointer("/m~0n")->as_int(), 8);
  for (const char* absent : {"/foo/2", "/foo/01", "/foo/-", "foo", "/x/y"}) EXPECT_EQ(doc.at_pointer(absent), nullptr) << absent;
}

}  // namespace
}  // namespace plumb::api
