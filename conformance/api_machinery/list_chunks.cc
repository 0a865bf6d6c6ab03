#include <gtest/gtest.h>

#include <set>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, list_chunks,
                  {.requirement = "A list with a limit MUST return at most that many objects, all pages together MUST be the state at the first page's "
                                  "resourceVersion, and remainingItemCount MUST be right.",
                   .covers = {"API Chunking, server should return chunks of results for list calls"}}) {
  using namespace plumb::harness;
  constexpr int all = 23, limit = 5;
  const Resource maps = c.in("v1", "configmaps");
  const Query query{{"labelSelector", "chunk=yes"}, {"limit", std::to_string(limit)}};
  const Query unselected{{"limit", "5"}};
  for (int i = 0; i < all; ++i) {
    c.must(c.client().create(maps, {{"metadata", {{"name", "chunk-" + std::to_string(100 + i)}, {"labels", {{"chunk", "yes"}}}}}}));
  }
  std::set<std::string> names;
  std::string version, next;
  int pages = 0;
  do {
    Query now = query;
    if (!next.empty()) now["continue"] = next;
    const Json page = c.must(c.client().list(maps, now));
    ASSERT_LE(page["items"].size(), static_cast<std::size_t>(limit));
    if (version.empty()) {
      version = version_of(page);
      c.must(c.client().create(maps, {{"metadata", {{"name", "chunk-999"}, {"labels", {{"chunk", "yes"}}}}}}));
    }
    EXPECT_EQ(version_of(page), version) << "every page is of the same moment";
    for (const Json& item : page["items"]) EXPECT_TRUE(names.insert(name_of(item)).second) << "twice: " << name_of(item);
    next = text_at(page, "/metadata/continue");
    ++pages;
  } while (!next.empty() && pages < 50);
  EXPECT_EQ(names.size(), static_cast<std::size_t>(all));
  EXPECT_FALSE(names.contains("chunk-999")) << "it was created after the first page";
  EXPECT_EQ(pages, (all + limit - 1) / limit);

  const Json whole = c.must(c.client().list(maps, {{"labelSelector", "chunk=yes"}}));
  EXPECT_EQ(whole["items"].size(), static_cast<std::size_t>(all + 1)) << "without a limit one answer has everything";
  EXPECT_EQ(text_at(whole, "/metadata/continue"), "");

  // Of one moment, whatever else is made in the namespace meanwhile.
  std::vector<std::size_t> sizes, after;
  for (std::string from;;) {
    Query now = unselected;
    if (!from.empty()) now["continue"] = from;
    const Json page = c.must(c.client().list(maps, now));
    sizes.push_back(page["items"].size());
    after.push_back(static_cast<std::size_t>(int_at(page, "/metadata/remainingItemCount")));
    from = text_at(page, "/metadata/continue");
    if (from.empty()) break;
  }
  std::size_t rest = 0;
  std::vector<std::size_t> expected(sizes.size());
  for (std::size_t page = sizes.size(); page-- > 0; rest += sizes[page]) expected[page] = rest;
  EXPECT_EQ(after, expected) << "each page says how many objects come after it";
  c.eventually("remainingItemCount to tell what a whole list has beyond the page", [&] {
    const Json page = c.must(c.client().list(maps, unselected));
    const Json everything = c.must(c.client().list(maps));
    return int_at(page, "/metadata/remainingItemCount") == static_cast<std::int64_t>(everything["items"].size()) - limit;
  });
  c.refused(c.client().list(maps, {{"limit", "5"}, {"continue", "nonsense"}}), 400, "BadRequest");
}
