#include "reference/api/doc/yaml.h"

#include <gtest/gtest.h>

namespace plumb::api {
namespace {

TEST(Yaml, MeansWhatItMeansToKubectl) {
  const std::pair<const char*, const char*> cases[] = {
      {"a: 1\nb: [x, 'y', \"yes\"]\n", R"({"a":1,"b":["x","y","yes"]})"},
      {"a: yes\nb: Off\nc: ~\nd:\ne: null", R"({"a":true,"b":false,"c":null,"d":null,"e":null})"},
      {"a: 010\nb: 0x1F\nc: 1_000\nd: -5\ne: 1.5\nf: 1e3\ng: 1.2.3\nh: 12:30", R"({"a":8,"b":31,"c":1000,"d":-5,"e":1.5,"f":1000,"g":"1.2.3","h":"12:30"})"},
      {"1: a\ntrue: b\n'2': c", R"({"1":"a","2":"c","true":"b"})"},
      {"base: &b {x: 1, z: 2}\nuse:\n  <<: *b\n  z: 3", R"({"base":{"x":1,"z":2},"use":{"x":1,"z":3}})"},
      {"text: |\n  one\n  two\n", R"({"text":"one\ntwo\n"})"},
      {R"({"json": ["is", "yaml", 1.0]})", R"({"json":["is","yaml",1]})"},
      {"a: !!str 5", R"({"a":"5"})"},
      {"", "null"},
  };
  for (const auto& [yaml, json] : cases) {
    const auto parsed = parse_yaml(yaml);
    ASSERT_TRUE(parsed.ok()) << yaml << ": " << parsed.error().message;
    EXPECT_EQ(parsed->to_json(), json) << yaml;
  }
}

TEST(Yaml, SplitsStreams) {
  const auto documents = parse_yaml_stream("---\na: 1\n---\n---\nb: 2\n...\n");
  ASSERT_TRUE(documents.ok());
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[1].to_json(), R"({"b":2})");
  EXPECT_FALSE(parse_yaml("a: 1\n---\nb: 2").ok());
}

TEST(Yaml, RefusesWhatIsBroken) {
  for (const char* bad : {"a: [1", "a: b: c", "\tx: 1", "[a, b]: 1", "a: *none", "{"}) EXPECT_FALSE(parse_yaml(bad).ok()) << bad;
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 8; ++j) bomb += ", " + last;
    bomb += "]\n";
  }
  EXPECT_FALSE(parse_yaml(bomb).ok());
  EXPECT_FALSE(parse_yaml(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace plumb::api
