// The demo's trade data (txojobs/demo/model.py) as a service of SAP CAP. Each set has a page size of its own.
// Structured fields are flat here, as CAP writes them by default: Address.City is Address_City.

context stock {

  entity Customers {
    key CustomerNo      : String;
        DisplayName     : String;
        Country         : String;
        BalanceDue      : Decimal;
        CreditLimit     : Integer;
        Address_Street     : String;
        Address_City       : String;
        Address_PostalCode : String;
        Address_Country    : String;
        Blocked         : Boolean;
        CreatedAt       : DateTime;
        FoundedOn       : Date;
        LastOrderDate   : Date;
        SalespersonCode : String;
        LastEntryNo     : Int64;
        Note            : String;
        SalesOrders     : Association to many SalesOrders on SalesOrders.CustomerNo = CustomerNo;
  }

  entity Items {
    key ItemNo       : String;
        Description  : String;
        UnitPrice    : Decimal(19, 5);
        Inventory    : Integer;
        Barcode      : String;
        WeightKg     : Decimal(19, 3);
        Discontinued : Boolean;
  }

  entity SalesOrders {
    key OrderNo            : String;
        CustomerNo         : String;
        OrderDate          : Date;
        RequestedDelivery  : Date;
        Status             : String;
        Amount             : Decimal(19, 2);
        CurrencyCode       : String;
        ExternalDocumentNo : String;
        Customer           : Association to Customers on Customer.CustomerNo = CustomerNo;
        SalesOrderLines    : Association to many SalesOrderLines on SalesOrderLines.OrderNo = OrderNo;
  }

  entity SalesOrderLines {
    key OrderNo     : String;
    key LineNo      : Integer;
        ItemNo      : String;
        Description : String;
        Quantity    : Decimal(19, 3);
        UnitPrice   : Decimal(19, 5);
        LineAmount  : Decimal(19, 2);
        Item        : Association to Items on Item.ItemNo = ItemNo;
  }

  // texts that break queries which are pasted together
  entity Words {
    key Text : String;
        No   : Integer;
        Same : Association to many Words on Same.No = No;
  }
}

@path    : 'trade'
@protocol: ['odata-v4', 'odata-v2']
service Trade {
  @readonly @cds.query.limit: {default: 700, max: 700}
  entity Customers       as projection on stock.Customers;

  @readonly @cds.query.limit: {default: 90, max: 90}
  entity Items           as projection on stock.Items;

  @readonly @cds.query.limit: {default: 450, max: 450}
  entity SalesOrders     as projection on stock.SalesOrders;

  @readonly @cds.query.limit: {default: 1300, max: 1300}
  entity SalesOrderLines as projection on stock.SalesOrderLines;

  @readonly @cds.query.limit: {default: 20, max: 20}
  entity Words           as projection on stock.Words;
}

// the same in small pieces, so that the lines of one order take several pages
@path    : 'pieces'
@protocol: ['odata-v4', 'odata-v2']
service Pieces {
  @readonly @cds.query.limit: {default: 500, max: 500}
  entity SalesOrders     as projection on stock.SalesOrders;

  @readonly @cds.query.limit: {default: 3, max: 3}
  entity SalesOrderLines as projection on stock.SalesOrderLines;
}
