#include "reference/controllers/horizontalpodautoscaler/selectors.h"

#include <gtest/gtest.h>

namespace plumb::controllers::hpa {
namespace {

using Keys = std::vector<std::string>;

api::LabelSelector selector(std::string_view text) { return *api::LabelSelector::parse(text); }

TEST(SelectorIndex, FindsWhatSelects) {
  SelectorIndex index;
  index.put("default/a", selector("app=web"));
  index.put("default/b", selector("app=web,tier=front"));
  index.put("default/c", selector("tier in (front,back)"));
  index.put("other/a", selector("app=web"));
  index.put("default/all", selector(""));
  const api::Map<api::Str> web{{"app", "web"}}, front{{"app", "web"}, {"tier", "front"}}, other{{"app", "db"}};
  EXPECT_EQ(index.selecting("default", web), (Keys{"default/a", "default/all"}));
  EXPECT_EQ(index.selecting("default", front), (Keys{"default/a", "default/all", "default/b", "default/c"}));
  EXPECT_EQ(index.selecting("default", other), (Keys{"default/all"}));
  EXPECT_EQ(index.selecting("other", front), (Keys{"other/a"}));
  index.put("default/a", selector("app=db"));
  EXPECT_EQ(index.selecting("default", web), (Keys{"default/all"})) << "a changed selector is another";
  index.erase("default/all");
  index.erase("default/none");
  EXPECT_EQ(index.selecting("default", other), (Keys{"default/a"}));
}

}  // namespace
}  // namespace plumb::controllers::hpa
