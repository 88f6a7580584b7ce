// mu of a row's item; 0 where the item is unknown or the model knows no items.
fn item_shift(row: u32) -> f32 {
    if (args.items == 0u) { return 0.0; }
    let item = of_row(ITEM, row);
    if (item == 0u) { return 0.0; }
    return params[args.shift + item];
}
