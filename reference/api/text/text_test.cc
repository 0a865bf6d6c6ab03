#include <gtest/gtest.h>

#include <map>

#include "reference/api/text/field_selector.h"
#include "reference/api/text/label_selector.h"
#include "reference/api/text/names.h"
#include "reference/api/text/quantity.h"
#include "reference/api/text/time.h"

namespace plumb::api {
namespace {

TEST(Quantity, HasOneCanonicalForm) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"0", "0"}, {"0n", "0"}, {"0Ki", "0"}, {"00", "0"}, {"-0", "0"}, {"100m", "100m"}, {"1000m", "1"}, {"1500m", "1500m"}, {"1.5", "1500m"},
      {"1.5Gi", "1536Mi"}, {"1024Mi", "1Gi"}, {"128Mi", "128Mi"}, {"1Ki", "1Ki"}, {"1023", "1023"}, {"1000", "1k"}, {"1000k", "1M"},
      {"1024", "1024"}, {"12e6", "12e6"}, {"1e3", "1e3"}, {"1E3", "1e3"}, {"10e2", "1e3"}, {"1e-3", "1e-3"}, {"123e", "!"}, {"5E", "5E"}, {"1P", "1P"},
      {"0.1n", "1n"}, {"1.1n", "2n"}, {"-1.1n", "-2n"}, {"0.0000000001", "1n"}, {"0.5Mi", "512Ki"}, {"0.5Ki", "512"}, {"0.05Ki", "51200m"},
      {"0.0001Ki", "102400u"}, {"+1", "1"}, {"-1Ki", "-1Ki"}, {"9223372036854775807", "9223372036854775807"}, {"1000000Ei", "9223372036854775807"},
      {".5", "500m"}, {"5.", "5"}, {"1.G", "1G"}, {"100000000000000000", "100P"}, {"12345678901234567890", "12345678901234567890"},
      {"10000000000000000000", "10E"}, {"", "!"}, {"1.1.M", "!"}, {"aoeu", "!"}, {"1i", "!"}, {".5i", "!"}, {"-3.01e-", "!"}, {" 1", "!"}, {"1 ", "!"},
      {"1mi", "!"}, {"1KiB", "!"}, {"1e99999999999", "!"},
  };
  for (const auto& [in, out] : cases) {
    const auto parsed = Quantity::parse(in);
    ASSERT_EQ(parsed.ok(), out != "!") << in;
    if (!parsed.ok()) continue;
    EXPECT_EQ(parsed->to_string(), out) << in;
    EXPECT_EQ(*canonical_quantity(in), out) << in;
    if (is_canonical_quantity(in)) {
      EXPECT_EQ(in, out);
    }
    EXPECT_EQ(*Quantity::parse(out), *parsed) << in;
  }
  EXPECT_EQ(Quantity::parse("1x").error().message, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  EXPECT_EQ(Quantity::parse("1i").error().message, "unable to parse quantity's suffix");
}

TEST(Quantity, CalculatesExactly) {
  const auto q = [](std::string_view text) { return *Quantity::parse(text); };
  EXPECT_EQ((q("100m") + q("1")).to_string(), "1100m");
  EXPECT_EQ((q("0") + q("1Gi")).to_string(), "1Gi");
  EXPECT_EQ((q("1Gi") - q("512Mi")).to_string(), "512Mi");
  EXPECT_EQ((q("250m") * 4).to_string(), "1");
  EXPECT_LT(q("999m"), q("1"));
  EXPECT_GT(q("-1"), q("-2"));
  EXPECT_EQ(q("1Ki"), q("1024"));
  EXPECT_EQ(q("1.1").value(), 2);
  EXPECT_EQ(q("-1.1").value(), -2);
  EXPECT_EQ(q("1.0001").milli_value(), 1001);
  EXPECT_EQ(q("10E").value(), INT64_MAX);
  EXPECT_EQ(q("2Gi").value(), 2147483648);
  EXPECT_EQ((q("1e36") + q("1e36") + q("1n")).sign(), 1);
}

TEST(LabelSelector, ParsesAndMatches) {
  const std::map<std::string, std::string> labels = {{"app", "web"}, {"tier", "front"}, {"n", "5"}};
  struct Case {
    const char* text;
    const char* form;
    bool matches;
  };
  const Case cases[] = {
      {"", "", true}, {"app=web", "app=web", true}, {"app==web", "app==web", true}, {"app!=web", "app!=web", false}, {"app", "app", true},
      {"!app", "!app", false}, {" tier , app = web ", "app=web,tier", true}, {"app in (x,web)", "app in (web,x)", true},
      {"app notin (web)", "app notin (web)", false}, {"x notin (a)", "x notin (a)", true}, {"n>4", "n>4", true}, {"n<5", "n<5", false},
      {"app>1", "app>1", false}, {"x=", "x=", false}, {"app in ()", "app in ()", false}, {"app in (,web)", "app in (,web)", true},
      {"a in (in)", "a in (in)", false},
  };
  for (const Case& c : cases) {
    const auto selector = LabelSelector::parse(c.text);
    ASSERT_TRUE(selector.ok()) << c.text << ": " << selector.error().message;
    EXPECT_EQ(selector->to_string(), c.form);
    EXPECT_EQ(selector->matches_map(labels), c.matches) << c.text;
  }
  for (const char* bad : {"=x", "a b", "a in x", "a in (x", "a,", ",a", "a=b=c", "a>x", "a=-", "_/x=1", "!a=b c", "x in (a,,", "!"})
    EXPECT_FALSE(LabelSelector::parse(bad).ok()) << bad;
  EXPECT_EQ(LabelSelector::parse("a=b,").error().message, "found '', expected: identifier after ','");
  EXPECT_FALSE(LabelSelector::nothing().matches_map(labels));
  EXPECT_EQ(LabelSelector::parse("app in (web),n")->exact("app"), "web");
}

TEST(FieldSelector, ParsesAndMatches) {
  const auto selector = FieldSelector::parse(R"(status.phase!=Running,metadata.name==a\,b\=c\\)");
  ASSERT_TRUE(selector.ok());
  EXPECT_EQ(selector->to_string(), R"(metadata.name=a\,b\=c\\,status.phase!=Running)");
  EXPECT_EQ(selector->exact("metadata.name"), "a,b=c\\");
  EXPECT_TRUE(selector->matches([](std::string_view field) { return field == "metadata.name" ? "a,b=c\\" : "Pending"; }));
  EXPECT_FALSE(selector->matches([](std::string_view) { return "Running"; }));
  EXPECT_EQ(FieldSelector::parse("abc").error().message, "invalid selector: 'abc'; can't understand 'abc'");
  EXPECT_EQ(FieldSelector::parse("a=b=c").error().message, "invalid field selector: unescaped character in value: 61");
  EXPECT_FALSE(FieldSelector::parse("spec.a_name_that_needs_memory_of_its_own=\\x").ok());
  EXPECT_EQ(FieldSelector::parse(R"(a=\x)").error().message, R"(invalid field selector: invalid escape sequence: \x)");
  EXPECT_TRUE(FieldSelector::parse("")->everything());
}

TEST(Names, AreJudgedAsUpstreamDoes) {
  for (const char* good : {"a", "a-b", "0"}) EXPECT_TRUE(check_dns1123_label(good).empty()) << good;
  for (const char* bad : {"", "-a", "a-", "A", "a.b", "a_b"}) EXPECT_FALSE(check_dns1123_label(bad).empty()) << bad;
  for (const char* good : {"a.b", "example.com", "1.2-3"}) EXPECT_TRUE(check_dns1123_subdomain(good).empty()) << good;
  for (const char* bad : {"", "a..b", ".a", "a.", "a.-b"}) EXPECT_FALSE(check_dns1123_subdomain(bad).empty()) << bad;
  for (const char* good : {"a", "example.com/MyName", "a_b.c-d"}) EXPECT_TRUE(check_qualified_name(good).empty()) << good;
  for (const char* bad : {"", "/a", "a/", "a/b/c", "A/b", "_a"}) EXPECT_FALSE(check_qualified_name(bad).empty()) << bad;
  EXPECT_TRUE(check_annotation_key("Example.COM/x").empty());
  EXPECT_TRUE(check_label_value("").empty());
  EXPECT_FALSE(check_dns1035_label("1a").empty());
  EXPECT_EQ(check_dns1123_label(std::string(64, 'a')), Problems{"must be no more than 63 characters"});
  EXPECT_EQ(check_dns1123_subdomain("A"),
            Problems{"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
                     "alphanumeric character (e.g. 'example.com', regex used for validation is "
                     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"});
  EXPECT_EQ(check_path_segment_name("a/b%"), (Problems{"may not contain '/'", "may not contain '%'"}));
  EXPECT_TRUE(check_ip("::1").empty() && check_ip("10.0.0.1").empty() && check_cidr("10.0.0.0/8").empty() && check_cidr("fd00::/64").empty());
  EXPECT_FALSE(check_ip("1.2.3").empty() || check_cidr("10.0.0.0/33").empty() || check_cidr("10.0.0.0").empty());
  EXPECT_TRUE(check_port_name("http-2").empty() && check_percent("25%").empty());
  EXPECT_FALSE(check_port_name("80").empty() || check_port_name("a--b").empty() || check_percent("%").empty());
  EXPECT_TRUE(check_condition_reason("A").empty() && check_condition_reason("a1_,:B_").empty());
  EXPECT_FALSE(check_condition_reason("").empty() || check_condition_reason("1a").empty() || check_condition_reason("a:").empty() || check_condition_reason("a-b").empty());
  EXPECT_EQ(check_port_number(0), Problems{"must be between 1 and 65535, inclusive"});
}

TEST(Time, RoundTrips) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "1969-12-31T23:59:59Z"}) EXPECT_EQ(format_time(*parse_time(text)), text);
  EXPECT_EQ(format_time(*parse_time("2024-01-01T01:30:00.999+02:00")), "2023-12-31T23:30:00Z");
  EXPECT_EQ(format_micro_time(*parse_time("2024-01-01T00:00:00.1234567Z")), "2024-01-01T00:00:00.123456Z");
  for (const char* bad : {"", "2024-01-01", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z", "2024-1-1T00:00:00Z"})
    EXPECT_FALSE(parse_time(bad).ok()) << bad;
}

TEST(Duration, IsGos) {
  const std::pair<const char*, const char*> cases[] = {{"0", "0s"}, {"1h2m3.5s", "1h2m3.5s"}, {"90s", "1m30s"}, {"-1.5h", "-1h30m0s"}, {"300ms", "300ms"},
                                                       {"1500us", "1.5ms"}, {"5ns", "5ns"}, {".5s", "500ms"}, {"1.1s", "1.1s"}, {"24h", "24h0m0s"}};
  for (const auto& [in, out] : cases) EXPECT_EQ(format_duration(*parse_duration(in)), out) << in;
  EXPECT_EQ(parse_duration("5").error().message, "time: missing unit in duration \"5\"");
  EXPECT_EQ(parse_duration("5x").error().message, "time: unknown unit \"x\" in duration \"5x\"");
  for (const char* bad : {"", "-", ".s", "3000000h", "s"}) EXPECT_EQ(parse_duration(bad).error().message, "time: invalid duration \"" + std::string(bad) + "\"");
}

}  // namespace
}  // namespace plumb::api
