import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Symbolizer, symbolSource, symbolText } from "../src/index.ts";
import { startProgram } from "./running.ts";

const CPP = `#include <cstdio>
#include <map>
#include <string>
#include <unistd.h>
namespace shop {
template <typename Item> struct Basket {
	std::map<std::string, Item> items;
	__attribute__((noinline)) Item total(const std::string &name) const { return items.at(name); }
	__attribute__((noinline)) bool operator<(const Basket &other) const { return items.size() < other.items.size(); }
};
}
int main()
{
	shop::Basket<int> basket;
	basket.items["a"] = 1;
	auto total = &shop::Basket<int>::total;
	auto less = &shop::Basket<int>::operator<;
	printf("%p %p\\n", *(void **)&total, *(void **)&less);
	fflush(stdout);
	pause();
	return basket.total("a") + (basket < basket);
}
`;

const RUST = `mod shop {
    pub struct Basket<T>(pub Vec<T>);
    impl<T> Basket<T> {
        #[inline(never)]
        pub fn size(&self) -> usize { self.0.len() }
    }
}
fn main() {
    let basket = shop::Basket(vec![1u8]);
    println!("{:p}", shop::Basket::<u8>::size as *const ());
    std::thread::sleep(std::time::Duration::from_secs(60));
    std::process::exit(basket.size() as i32)
}
`;

describe("names of functions", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-languages-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("in C++ are as the source spells them, with the line they are on", async () => {
    writeFileSync(join(folder, "shop.cc"), CPP);
    const path = join(folder, "shop");
    execFileSync("g++", ["-g", "-O1", join(folder, "shop.cc"), "-o", path]);
    await using running = await startProgram(path);
    const answers = new Symbolizer().user(running.pid, running.addresses);
    expect(answers.map(symbolText)).toEqual([
      "shop::Basket<int>::total(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) const",
      "shop::Basket<int>::operator<(shop::Basket<int> const&) const",
    ]);
    expect(answers.map(symbolSource)).toEqual(["shop.cc:8", "shop.cc:9"]);
  });

  it.for(["legacy", "v0"])("in Rust too (mangled the %s way)", async (mangling, ctx) => {
    const context = { path: join(folder, `shop-${mangling}`) };
    writeFileSync(join(folder, "shop.rs"), RUST);
    const flags = mangling === "v0" ? ["-C", "symbol-mangling-version=v0"] : [];
    try {
      execFileSync("rustc", ["-g", ...flags, join(folder, "shop.rs"), "-o", context.path], {
        stdio: "ignore",
      });
    } catch {
      ctx.skip("no Rust compiler");
    }
    await using running = await startProgram(context.path);
    const [answer] = new Symbolizer().user(running.pid, running.addresses);
    expect(answer && symbolText(answer)).toMatch(
      mangling === "v0" ? /^<shop::shop::Basket<u8>>::size$/ : /^shop::shop::Basket<T>::size$/,
    );
    expect(answer && symbolSource(answer)).toBe("shop.rs:5");
  });
});
